"""How one network is trained: epochs, the choice of the best one, and the end of the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pynn import _state, callbacks, models
from pynn.estimators.tabular._network import TabularNetwork
from pynn.estimators.tabular._recipes import Recipe

Say = Callable[[str], None]

# Whether a training gets worse cannot be said before: the first two waves of RealMLP's rate are a
# fifth of the epochs.
_FEWEST_RESTS = 3


@dataclass
class PreparedRows:
    """Prepared rows.

    Attributes
    ----------
    inputs : list of ndarray
        Of a network.
    targets : ndarray of float32, shape (n, n_outputs)
    weights : ndarray of float32, shape (n,), or None
    """

    inputs: list[np.ndarray]
    targets: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def at(self, rows: np.ndarray) -> PreparedRows:
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return PreparedRows([each[rows] for each in self.inputs], self.targets[rows], weights)


def as_given(inputs: Sequence[np.ndarray]) -> Any:
    """Return the inputs of a network as a model takes them."""
    return list(inputs) if len(inputs) > 1 else inputs[0]


def predicted(model: models.Model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Return what a model predicts, float32 of shape (n, n_outputs)."""
    return np.asarray(model.predict(as_given(inputs), verbose=0))


@dataclass
class Validation:
    """Rows that an epoch is chosen by.

    Attributes
    ----------
    inputs : list of ndarray
    score : callable
        ``score(outputs)`` of what a network predicts for them, larger if better.
    """

    inputs: Sequence[np.ndarray]
    score: Callable[[np.ndarray], float]


@dataclass
class Trained:
    """What came of a training.

    Attributes
    ----------
    weights : list of list of ndarray
        Of the network's predictor, after the best epoch and, of snapshots, the one before it, or
        after each epoch that was asked for.
    best_epoch : int
        Counted from 1; without validation rows the last one.
    score : float
        Of the validation rows; NaN without any.
    finished : bool
        Whether it did not end for want of time.
    seconds : float
    history : dict of str to list of float
    """

    weights: list[list[np.ndarray]]
    best_epoch: int
    score: float
    finished: bool
    seconds: float
    history: dict[str, list[float]] = field(default_factory=dict)


class _Epochs(callbacks.Callback):
    """Looks at the validation rows after each epoch, and ends training when none is better.

    Without such rows it keeps the weights after the epochs in `ends`.
    """

    def __init__(
        self,
        network: TabularNetwork,
        recipe: Recipe,
        validation: Validation | None,
        ends: Sequence[int],
        say: Say | None,
    ) -> None:
        super().__init__()
        self.weights: list[list[np.ndarray]] = []
        self.best_epoch = 0
        self.best_score = float("nan")
        self.scores: list[float] = []
        self._highest, self._highest_epoch = float("nan"), 0  # of single epochs
        self._at_rest = recipe.epochs_at_rest() if recipe.snapshots else ()
        self._scores_at_rest: list[float] = []
        self._last_at_rest: tuple[np.ndarray, list[np.ndarray]] | None = None
        self._network = network
        self._recipe = recipe
        self._validation = validation
        self._ends = ends
        self._say = say

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        text = f"epoch {epoch + 1}: loss {logs['loss']:.4f}"
        if self._validation is not None:
            score = self._evaluate(self._validation, epoch + 1)
            text += f", score {score:.4f}, best {self.best_score:.4f} of epoch {self.best_epoch}"
            if self._is_in_vain(epoch + 1) or self._is_worse_at_rest(epoch + 1):
                self.model.stop_training = True
        elif epoch + 1 in self._ends:
            self.weights.append(self._network.predictor.get_weights())
        if self._say is not None and (epoch + 1) % max(self._recipe.epochs // 10, 1) == 0:
            self._say(text)

    def _is_in_vain(self, epoch: int) -> bool:
        patience = self._recipe.patience
        return patience is not None and epoch - self._highest_epoch > patience

    def _is_worse_at_rest(self, epoch: int) -> bool:
        scores = self._scores_at_rest
        if epoch not in self._at_rest or len(scores) < _FEWEST_RESTS:
            return False
        has_become_nan = np.isnan(scores[-1]) and not np.isnan(scores[-2])
        return bool(has_become_nan or scores[-1] < scores[-2])

    def _evaluate(self, validation: Validation, epoch: int) -> float:
        outputs = predicted(self._network.predictor, validation.inputs)
        score = _score(validation, outputs)
        self.scores.append(score)
        if self._is_better(score, self._highest):
            self._highest, self._highest_epoch = score, epoch
            if self._last_at_rest is None:
                self._choose(score, epoch, [self._network.predictor.get_weights()])
        if epoch in self._at_rest:
            self._evaluate_at_rest(validation, epoch, outputs, score)
        return score

    def _evaluate_at_rest(
        self, validation: Validation, epoch: int, outputs: np.ndarray, score: float
    ) -> None:
        """Look at what the network and the one of the last rest predict together."""
        weights = self._network.predictor.get_weights()
        chosen = [weights]
        if self._last_at_rest is not None:
            before, weights_before = self._last_at_rest
            chosen = [weights_before, weights]
            score = _score(validation, (before + outputs) / 2)
        # From the first one on, epochs between rests no longer count.
        best = float("nan") if self._last_at_rest is None else self.best_score
        if self._is_better(score, best):
            self._choose(score, epoch, chosen)
        self._scores_at_rest.append(score)
        self._last_at_rest = outputs, weights

    def _is_better(self, score: float, best: float) -> bool:
        ties = self._recipe.last_of_ties and score == best
        return score > best or ties or bool(np.isnan(best) and not np.isnan(score))

    def _choose(self, score: float, epoch: int, weights: list[list[np.ndarray]]) -> None:
        self.best_score, self.best_epoch, self.weights = score, epoch, weights


def _score(validation: Validation, outputs: np.ndarray) -> float:
    return validation.score(outputs) if np.isfinite(outputs).all() else float("nan")


class _Deadline(callbacks.Callback):
    """Ends training when the time is over, in the middle of an epoch too."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.is_over = False
        self._deadline = deadline

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.perf_counter() > self._deadline:
            self.is_over = self.model.stop_training = True


def train(
    network: TabularNetwork,
    rows: PreparedRows,
    recipe: Recipe,
    seed: int,
    *,
    validation: Validation | None = None,
    ends: Sequence[int] = (),
    deadline: float | None = None,
    say: Say | None = None,
) -> Trained:
    """Train a network.

    Parameters
    ----------
    network : TabularNetwork
        A new one.
    rows : PreparedRows
    recipe : Recipe
    seed : int
        What the orders of the rows and the random numbers of the layers follow from.
    validation : Validation, default=None
        Without, the last epoch is the best one.
    ends : sequence of int, default=()
        Epochs after which the weights are kept, in place of the best one's. Training ends with the
        last of them, within the schedules of all epochs.
    deadline : float, default=None
        When training ends at the latest, by ``time.perf_counter()``.
    say : callable, default=None
        Gets a line about now and then.

    Raises
    ------
    ValueError
        If no epoch ends with finite weights.
    """
    began = time.perf_counter()
    epochs = _Epochs(network, recipe, validation, ends, say)
    over = None if deadline is None else _Deadline(deadline)
    used: list[callbacks.Callback] = [] if over is None else [over]
    if validation is not None or say is not None or len(ends) > 1:
        used.append(epochs)
    with _state.temporary_seed(seed):
        if network.initialize is not None:
            network.initialize(rows.inputs)
        given: dict[str, Any] = {
            "x": as_given(rows.inputs),
            "y": rows.targets,
            "sample_weight": rows.weights,
            **network.fit_arguments,
        }
        if network.batches is not None:
            batches = network.batches(rows.inputs, rows.targets, rows.weights)
            given = {"x": batches, "shuffle": False}
        last = ends[-1] if ends else recipe.epochs
        done = network.model.fit(**given, epochs=last, verbose=0, callbacks=used)
    history = {"loss": [float(loss) for loss in done.history["loss"]]}
    if validation is not None:
        history["val_score"] = epochs.scores
    if not epochs.best_epoch:
        epochs.best_epoch = len(history["loss"])
    weights = epochs.weights or [network.predictor.get_weights()]
    if not all(np.isfinite(each).all() for own in weights for each in own):
        raise ValueError(
            "training ended with weights that are not finite. A smaller learning_rate may help"
        )
    return Trained(
        weights,
        epochs.best_epoch,
        epochs.best_score,
        over is None or not over.is_over,
        time.perf_counter() - began,
        history,
    )
