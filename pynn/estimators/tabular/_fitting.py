"""Which networks are trained on which rows, and for how long: what the time allows.

How one of them is trained is in `_training`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pynn.estimators.tabular._networks import Networks
from pynn.estimators.tabular._training import (
    PreparedRows,
    Say,
    Trained,
    Validation,
    predicted,
    train,
)

AUTO, REFIT, FOLDS, HOLDOUT = "auto", "refit", "folds", "holdout"
STRATEGIES = (AUTO, REFIT, FOLDS, HOLDOUT)

# So few rows cannot spare any.
FEWEST_ROWS = 10
# With fewer rows than this, the ones of a single fold say too little about the best epoch.
_ROWS_FOR_REFIT = 1000
# What is expected to take so much of the time that is left is begun.
_SHARE = 0.9
# A rehearsal takes so many steps, and at most this share of the time.
_REHEARSED_STEPS, _REHEARSED_SHARE = 20, 0.05


@dataclass
class Outcome:
    """How networks were trained.

    Attributes
    ----------
    strategy : str
    epochs : int
        What the schedules extended over.
    best_epochs : list of int
        Of each network that was chosen by validation rows; without, the last epoch.
    score : float
        The mean of these networks' scores; NaN without validation rows.
    history : dict of str to list of float
        Of the first of them.
    """

    strategy: str
    epochs: int
    best_epochs: list[int]
    score: float
    history: dict[str, list[float]]


class Fitting:
    """Trains networks.

    Parameters
    ----------
    networks : Networks
        To which they are added.
    rows : PreparedRows
    folds : ndarray of int, shape (n,), or None
        The fold of each row.
    score_of : callable
        ``score_of(row numbers)`` returns what scores outputs for these rows.
    strategy : {"auto", "refit", "folds", "holdout"}
    n_ensemble : int
    n_folds : int
    rng : Generator
    deadline : float or None
    say : callable or None
    """

    def __init__(
        self,
        networks: Networks,
        rows: PreparedRows,
        folds: np.ndarray,
        score_of: Callable[[np.ndarray], Callable[[np.ndarray], float]],
        *,
        strategy: str,
        n_ensemble: int,
        n_folds: int,
        rng: np.random.Generator,
        deadline: float | None,
        say: Say | None,
    ) -> None:
        self._networks = networks
        self._rows = rows
        self._folds = folds
        self._score_of = score_of
        self._strategy = strategy
        self._n_ensemble = n_ensemble
        self._n_folds = n_folds
        self._deadline = deadline
        self._say_epochs = say
        # Drawn at once, so that they do not depend on what the time allows.
        self._seeds = rng.integers(2**62, size=(n_folds + 1, n_ensemble)).tolist()

    def run(self, given: Validation | None) -> Outcome:
        """Train the networks, with validation rows that were given or some of the others."""
        if given is not None:
            return self._on_all_rows(given)
        if len(self._rows) < FEWEST_ROWS:
            return self._on_all_rows(None)
        if self._n_folds > len(self._rows):
            raise ValueError(
                f"n_folds must not be greater than the number of samples. Received: n_folds="
                f"{self._n_folds} for {len(self._rows)} samples"
            )
        if self._strategy == AUTO and self._deadline is None:
            self._strategy = FOLDS if len(self._rows) < _ROWS_FOR_REFIT else REFIT
        self._fit_epochs_to_the_time(self._folds != 0, self._validation(0))
        first = self._train_fold(0, 0)
        strategy = self._chosen(first)
        self._say(f"strategy: {strategy}")
        trained = [first]
        if strategy == REFIT:
            ends = self._ends(first.best_epoch)
            again = self._until_time_is_over(
                lambda seed: self._train(None, seed, None, ends), self._seeds[-1]
            )
            if again:
                self._keep([first, *again])
                return self._outcome(strategy, [first])
            strategy = HOLDOUT
        elif strategy == FOLDS:
            pairs = [(i, j) for i in range(self._n_folds) for j in range(self._n_ensemble)]
            trained += self._until_time_is_over(lambda pair: self._train_fold(*pair), pairs[1:])
        else:
            members = range(1, self._n_ensemble)
            trained += self._until_time_is_over(lambda j: self._train_fold(0, j), members)
        self._keep(trained)
        return self._outcome(strategy, trained)

    def _keep(self, trained: list[Trained]) -> None:
        self._networks.weights = [weights for each in trained for weights in each.weights]

    def _on_all_rows(self, validation: Validation | None) -> Outcome:
        every = np.ones(len(self._rows), bool)
        self._fit_epochs_to_the_time(every, validation)
        seeds = self._seeds[-1]
        ends = () if validation is not None else self._ends(self._networks.recipe.epochs)
        trained = [self._train(None, seeds[0], validation, ends)]
        trained += self._until_time_is_over(
            lambda seed: self._train(None, seed, validation, ends), seeds[1:]
        )
        self._keep(trained)
        return self._outcome(HOLDOUT if validation is not None else REFIT, trained)

    def _outcome(self, strategy: str, trained: list[Trained]) -> Outcome:
        return Outcome(
            strategy,
            self._networks.recipe.epochs,
            [each.best_epoch for each in trained],
            float(np.mean([each.score for each in trained])),
            trained[0].history,
        )

    def _ends(self, best_epoch: int) -> list[int]:
        """Return the epochs after which a refit's weights are kept, and with which it ends.

        The learning rate is 0 then: no rows choose the epoch, and in between, weights differ much
        from epoch to epoch and from one training to the next. Of snapshots also the last time
        before: the weights move so far away in between that both predict better together, a second
        network for nothing (Huang et al. 2017, "Snapshot ensembles: train 1, get M for free").
        """
        recipe = self._networks.recipe
        at_rest = recipe.epochs_at_rest()
        last = next((epoch for epoch in at_rest if epoch >= best_epoch), best_epoch)
        before = [epoch for epoch in at_rest if epoch < last] if recipe.snapshots else []
        return [*before[-1:], last]

    def _chosen(self, first: Trained) -> str:
        """Return what to do now that the first network has been trained."""
        if self._strategy != AUTO or self._deadline is None:
            return self._strategy
        left = _SHARE * (self._deadline - time.perf_counter())
        recipe, done = self._networks.recipe, len(first.history["loss"])
        whole = first.seconds * (recipe.epochs / done if recipe.patience is None else 1.0)
        others = self._n_folds * self._n_ensemble - 1
        if others * whole <= left:
            return FOLDS
        more_rows = self._n_folds / (self._n_folds - 1)
        shorter = self._ends(first.best_epoch)[-1] / done
        again = self._n_ensemble * first.seconds * more_rows * shorter
        return REFIT if first.finished and again <= left else HOLDOUT

    def _say(self, text: str) -> None:
        if self._say_epochs is not None:
            self._say_epochs(text)

    # ---- single networks

    def _validation(self, fold: int) -> Validation:
        rows = np.flatnonzero(self._folds == fold)
        return Validation(self._rows.at(rows).inputs, self._score_of(rows))

    def _train_fold(self, fold: int, member: int) -> Trained:
        rows = np.flatnonzero(self._folds != fold)
        return self._train(rows, self._seeds[fold][member], self._validation(fold))

    def _train(
        self,
        at: np.ndarray | None,
        seed: int,
        validation: Validation | None,
        ends: Sequence[int] = (),
    ) -> Trained:
        rows = self._rows if at is None else self._rows.at(at)
        network = self._networks.build(seed, len(rows))
        trained = train(
            network,
            rows,
            self._networks.recipe,
            seed,
            validation=validation,
            ends=ends,
            deadline=self._deadline,
            say=self._say_epochs,
        )
        score = "" if validation is None else f", score {trained.score:.4f}"
        self._say(
            f"trained on {len(rows)} rows in {trained.seconds:.1f} s: "
            f"epoch {trained.best_epoch}{score}"
        )
        return trained

    def _until_time_is_over(self, train_one: Callable, wanted: object) -> list[Trained]:
        """Return what could be trained completely."""
        found: list[Trained] = []
        for each in wanted:  # type: ignore[attr-defined]
            if self._deadline is not None and time.perf_counter() > self._deadline:
                break
            trained = train_one(each)
            if not trained.finished:
                break
            found.append(trained)
        return found

    def _fit_epochs_to_the_time(self, at: np.ndarray, validation: Validation | None) -> None:
        """Take fewer epochs than the recipe says if the time does not suffice for one network."""
        if self._deadline is None:
            return
        recipe = self._networks.recipe
        left = self._deadline - time.perf_counter()
        rows = self._rows.at(np.flatnonzero(at))
        seconds = _rehearse(self._networks, rows, validation, _REHEARSED_SHARE * left)
        e, k = self._n_ensemble, self._n_folds
        trainings = {AUTO: 1, HOLDOUT: e, REFIT: 1 + e, FOLDS: k * e}[self._strategy]
        left = _SHARE * (self._deadline - time.perf_counter()) / trainings
        if recipe.patience is None and left < seconds * recipe.epochs:
            epochs = max(int(left / seconds), 1)
            self._say(f"{epochs} epochs instead of {recipe.epochs}, for want of time")
            self._networks.recipe = replace(recipe, epochs=epochs)


def _rehearse(
    networks: Networks, rows: PreparedRows, validation: Validation | None, limit: float
) -> float:
    """Return how many seconds an epoch takes, after some steps on a network of its own."""
    network = networks.build(0, len(rows))
    batch_size = network.fit_arguments["batch_size"]
    steps = -(-len(rows) // batch_size)
    few = rows.at(np.arange(min(len(rows), batch_size)))
    recipe = replace(networks.recipe, epochs=_REHEARSED_STEPS)
    network.initialize = None
    train(network, few, replace(recipe, epochs=1), 0)  # makes plan and trainer
    began = time.perf_counter()
    trained = train(network, few, recipe, 0, deadline=began + limit)
    seconds = trained.seconds / len(trained.history["loss"]) * steps
    if validation is not None:
        predicted(network.predictor, few.inputs)
        began = time.perf_counter()
        validation.score(predicted(network.predictor, validation.inputs))
        seconds += time.perf_counter() - began
    return seconds


def folds_of(
    n_folds: int, strata: np.ndarray | None, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Return a fold for each of n rows, in which each class has its share.

    Parameters
    ----------
    n_folds : int
    strata : ndarray of int, shape (n,), or None
        The class of each row.
    n : int
    rng : Generator
    """
    order = rng.permutation(n)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    folds = np.empty(n, int)
    folds[order] = np.arange(n) % n_folds
    return folds
