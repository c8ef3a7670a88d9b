"""One call to fit an MLP: its data, and the state that goes on from call to call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from sklearn.model_selection import train_test_split

from pynn.estimators.mlp._architecture import Architecture
from pynn.estimators.mlp._heads import Head
from pynn.estimators.mlp._network import Network, SavedNetwork
from pynn.estimators.mlp._parameters import MLPParameters
from pynn.estimators.mlp._random import LegacyRandom, RowOrder

# The names by which copies and files have a network.
_NETWORK = ("_architecture_kept", "_other_weights", "_training_state")


@dataclass(slots=True)
class TrainingData:
    """Rows, coded targets and weights of a call to fit, checked.

    Attributes
    ----------
    x : ndarray or CSR matrix of shape (n, features)
    targets : ndarray of shape (n,) or (n, k)
        As the estimator codes them.
    y : ndarray or sparse matrix
        The targets as the user gave them.
    row_weight : ndarray of shape (n,) or None
        The sample weights.
    training_weight : ndarray of shape (n,) or None
        What the rows count in training; see `weigh`.
    strata : ndarray of bool, shape (n,), or None
        Two classes whose shares the parts of a split should keep.
    """

    x: Any
    targets: np.ndarray
    y: Any
    row_weight: np.ndarray | None = None
    training_weight: np.ndarray | None = None
    strata: np.ndarray | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.x.shape[0])

    def weigh(self, class_factors: np.ndarray | None) -> None:
        """Let the rows count in training by their sample weights times factors of their classes."""
        if self.row_weight is None or class_factors is None:
            self.training_weight = self.row_weight if class_factors is None else class_factors
        else:
            self.training_weight = self.row_weight * class_factors

    def take(self, rows: np.ndarray) -> TrainingData:
        """Return the rows of these numbers, for validation."""
        weight = None if self.row_weight is None else self.row_weight[rows]
        return TrainingData(self.x[rows], self.targets[rows], self.y[rows], weight)

    def split(
        self, fraction: float, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the row numbers for training and for validation, as scikit-learn splits them.

        Parameters
        ----------
        fraction : float
            The share of the rows that is held out.
        random_state : RandomState
            Where the split's randomness is drawn from.

        Raises
        ------
        ValueError
            If less than two rows would be held out, or a class has a single member.
        """
        train, held_out = train_test_split(
            np.arange(self.n_rows),
            random_state=random_state,
            test_size=fraction,
            stratify=None if self.strata is None else self.strata.astype(str),
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                f"your dataset. Received: validation_fraction={fraction} of {self.n_rows} samples"
            )
        return train, held_out


def check_weights(weights: np.ndarray | None, whose: str) -> None:
    """Raise ValueError if there are weights, and all are 0: their mean would be undefined."""
    if weights is not None and not weights.any():
        raise ValueError(
            f"Sample weights must contain at least one non-zero number. Those of {whose} are all 0"
        )


@dataclass(slots=True)
class MLPState:
    """What a training leaves for the next call, beside the fitted attributes.

    Attributes
    ----------
    network : Network or SavedNetwork
    random : LegacyRandom or None
        Draws initial weights, splits and orders; None before the first training.
    finished : bool
        Whether training has ended by itself, and not because of ``max_iter``.
    row_order : RowOrder or None
        The order of the rows, which goes on from call to call.
    split_random : LegacyRandom or None
        Where the validation split was drawn from, which is the same in each call.
    dropout_seed : int or None
    rate_settings : tuple or None
        What the learning rate follows from.
    best_figure : float
        Of the best epoch, larger if better.
    best_weights : list of ndarray or None
        Its weights, if training is to end with them.
    average : list of ndarray or None
        The moving average of the weights.
    last_weights : tuple or None
        The weights after the last step, and those that training has ended with instead.
    """

    network: Network | SavedNetwork
    random: LegacyRandom | None = None
    finished: bool = True
    row_order: RowOrder | None = None
    split_random: LegacyRandom | None = None
    dropout_seed: int | None = None
    rate_settings: tuple[Any, ...] | None = None
    best_figure: float = -np.inf
    best_weights: list[np.ndarray] | None = None
    average: list[np.ndarray] | None = None
    last_weights: tuple[list[np.ndarray], list[np.ndarray]] | None = None

    def forget_others(self, network: Network) -> None:
        """Drop kept weights that are not of a network's shapes."""
        shapes = [weight.shape for weight in network.weights]

        def fits(weights: list[np.ndarray] | None) -> bool:
            return weights is not None and [weight.shape for weight in weights] == shapes

        if not fits(self.best_weights):
            self.best_weights, self.best_figure = None, -np.inf
        if not fits(self.average):
            self.average = None
        if self.last_weights is not None and not all(map(fits, self.last_weights)):
            self.last_weights = None

    def to_attributes(self) -> dict[str, Any]:
        """Return the attributes that stand for it in copies and files of an estimator."""
        network = self.network
        others = [np.array(weight) for weight in network.others]
        saved = (tuple(network.architecture), others, network.training_state)
        found = dict(zip(_NETWORK, saved, strict=True))
        for field in fields(self)[1:]:
            if (value := getattr(self, field.name)) is not None:
                found[f"_{field.name}"] = value
        return found

    @classmethod
    def from_attributes(cls, attributes: dict[str, Any]) -> Self | None:
        """Take these attributes out of a dict, and return the state; None if there is none."""
        if _NETWORK[0] not in attributes:
            return None
        architecture, others, training_state = (attributes.pop(name, None) for name in _NETWORK)
        network = SavedNetwork(Architecture(*architecture), others or [], training_state)
        names = [field.name for field in fields(cls)[1:] if f"_{field.name}" in attributes]
        state = cls(network, **{name: attributes.pop(f"_{name}") for name in names})
        if state.random is not None:
            state.random = state.random.copy()  # its numbers may be mapped, and read-only
        return state


@dataclass(slots=True)
class FitCall:
    """What the parts of a training are handed.

    Attributes
    ----------
    estimator : MLPParameters
        Its parameters count; its fitted attributes are set.
    state : MLPState
    network : Network
        That of the state.
    random : LegacyRandom
        That of the state.
    heads : list of Head
    score : callable
        ``score(outputs, targets, row_weight)`` returns the score of the network's outputs.
    data : TrainingData
    incremental : bool
        Whether this is one epoch that follows those before, as ``partial_fit`` has it.
    make_rows : callable
        ``make_rows(call, continues)`` returns the rows of the call: `LocalRows`, or the like.
    validation : TrainingData or None
        Rows to score the network on. Without them early stopping holds out some of `data`.
    done : int
        How many of its epochs a call that was broken off has gone through.
    """

    estimator: MLPParameters
    state: MLPState
    network: Network
    random: LegacyRandom
    heads: list[Head]
    score: Callable[[Any, np.ndarray, np.ndarray | None], float]
    data: TrainingData
    incremental: bool
    make_rows: Callable[[FitCall, bool], Any]
    validation: TrainingData | None = None
    done: int = 0


# Fitted attributes that record a training in batches.
CURVES = ("loss_curve_", "validation_scores_", "best_validation_score_", "best_loss_")


def start_curves(estimator: MLPParameters, state: MLPState, network: Network) -> None:
    """Set what records a training from its first epoch on."""
    estimator.loss_curve_ = []
    estimator.history_ = {}
    estimator._no_improvement_count = 0
    start_comparison(estimator, state, network)


def start_comparison(estimator: MLPParameters, state: MLPState, network: Network) -> None:
    """Set what the epochs to come are compared with: losses or, with early stopping, scores."""
    early = estimator.early_stopping
    estimator.validation_scores_ = [] if early else None
    estimator.best_validation_score_ = -np.inf if early else None
    estimator.best_loss_ = None if early else np.inf
    state.best_figure = -np.inf
    state.best_weights = network.copy_weights() if keeps_best(estimator) else None


def keeps_best(estimator: MLPParameters) -> bool:
    """Whether training ends with the weights of its best epoch."""
    if isinstance(estimator.restore_best, str):
        return bool(estimator.early_stopping)
    return bool(estimator.restore_best)
