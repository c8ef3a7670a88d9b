"""The output layers of an MLP: units, activation, and the loss in terms of the engine's.

Which losses estimators offer, and under what names, is decided here; what labels mean is not.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pynn import losses
from pynn.losses import Loss, SparseCategoricalCrossentropy
from pynn.training import native_or_loss

NativeLoss = tuple[str, list[float]]


class Head(NamedTuple):
    """One output layer and its loss.

    Attributes
    ----------
    units : int
    activation : str
        In scikit-learn's names where it has one.
    loss : (str, list of float) or Loss
        The engine's name and parameters, or a loss that the engine does not know.
    trained, reported : float
        The engine's loss is a mean over the units. Training follows `trained` times it;
        ``loss_curve_`` shows `reported` times it.
    one_hot : bool
        Whether the loss takes rows of zeros and a one instead of class numbers.
    """

    units: int
    activation: str
    loss: NativeLoss | Loss
    trained: float = 1.0
    reported: float = 1.0
    one_hot: bool = False

    def targets(self, codes: np.ndarray) -> np.ndarray:
        """Return the targets for the engine, from class numbers or from targets as they are."""
        return codes[:, np.newaxis] == np.arange(self.units) if self.one_hot else codes


class _RegressionLoss(NamedTuple):
    """A named loss of the regressor. Targets must be at least, or above, `lowest`."""

    activation: str
    native: str
    parameters: tuple[str, ...] = ()
    trained: Callable[[int], float] = lambda k: 1.0
    reported: Callable[[int], float] = lambda k: 1.0
    lowest: float = -np.inf
    above: bool = False


# scikit-learn follows the gradient of a sum over the outputs, but reports half the mean of squared
# errors. The losses that only pynn has are means over the outputs, as everywhere in pynn.
REGRESSION_LOSSES = {
    "squared_error": _RegressionLoss(
        "identity", "mean_squared_error", trained=lambda k: 0.5 * k, reported=lambda k: 0.5
    ),
    "poisson": _RegressionLoss(
        "exp", "half_poisson_deviance", trained=float, reported=float, lowest=0.0
    ),
    "gamma": _RegressionLoss("exp", "half_gamma_deviance", lowest=0.0, above=True),
    "absolute_error": _RegressionLoss("identity", "mean_absolute_error"),
    "huber": _RegressionLoss("identity", "huber", ("delta",)),
    "quantile": _RegressionLoss("identity", "quantile", ("quantile",)),
    "log_cosh": _RegressionLoss("identity", "log_cosh"),
}


def regression_head(loss: Any, units: int, **numbers: float) -> Head:
    """Return the output layer of a regressor.

    Parameters
    ----------
    loss : str, Loss or callable
        The regressor's `loss`.
    units : int
    **numbers
        Its parameters that a loss takes over by their names.

    Raises
    ------
    ValueError
        If `loss` is neither a loss nor a function.
    """
    if not isinstance(loss, str):
        return Head(units, "identity", _own_loss(loss, units)[0])
    known = REGRESSION_LOSSES[loss]
    native = known.native, [float(numbers[name]) for name in known.parameters]
    return Head(units, known.activation, native, known.trained(units), known.reported(units))


def check_regression_targets(loss: Any, y: np.ndarray) -> None:
    """Raise ValueError if `y` holds numbers that the loss of this name is not defined for."""
    if not isinstance(loss, str):
        return
    known = REGRESSION_LOSSES[loss]
    if known.lowest == -np.inf and y.dtype.kind in "biuf":
        return
    smallest = y.min()
    if smallest < known.lowest or (known.above and smallest <= known.lowest):
        relation = ">" if known.above else ">="
        raise ValueError(
            f"y must be {relation} {known.lowest:g} for the loss {loss!r}. Received: a smallest "
            f"value of {smallest}"
        )


def classification_head(loss: Any, kind: str, units: int, smoothing: float, gamma: float) -> Head:
    """Return the output layer of a classifier for one kind of labels.

    Parameters
    ----------
    loss : str, Loss or callable
        The classifier's `loss`.
    kind : {"binary", "multilabel", "multiclass"}
    units : int
    smoothing, gamma : float
        Its `label_smoothing` and `focal_gamma`.

    Raises
    ------
    ValueError
        If `loss` is neither a loss nor a function.
    """
    several = kind == "multiclass"
    activation = "softmax" if several else "logistic"
    if not isinstance(loss, str):
        own, one_hot = _own_loss(loss, units)
        return Head(units, activation, own, one_hot=several and one_hot)
    # The engine's loss is a mean over the units, the log loss of several labels a sum.
    weight = 1.0 if several else float(units)
    found: NativeLoss | Loss
    if loss == "focal":
        found = _focal(several, float(smoothing), float(gamma))
    elif several and smoothing:
        found = "categorical_crossentropy", [float(smoothing)]
    elif several:
        found = "sparse_categorical_crossentropy", []
    else:
        found = "binary_crossentropy", [float(smoothing)] if smoothing else []
    one_hot = several and found != ("sparse_categorical_crossentropy", [])
    return Head(units, activation, found, weight, weight, one_hot)


def _focal(several: bool, smoothing: float, gamma: float) -> NativeLoss | Loss:
    if several:
        return _for_engine(
            losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma, label_smoothing=smoothing)
        )
    return "binary_focal_crossentropy", [smoothing, gamma, -1.0]


def _own_loss(given: Any, units: int) -> tuple[NativeLoss | Loss, bool]:
    """Return a user's loss for the engine, and whether it takes rows of a one and zeros."""
    loss = losses.as_loss(given, (None, units), (None, units))
    if loss is None:
        raise ValueError("loss must be a name, a pynn.losses.Loss or a function. Received: None")
    return _for_engine(loss), not isinstance(loss, SparseCategoricalCrossentropy)


def _for_engine(loss: Loss) -> NativeLoss | Loss:
    found = native_or_loss(loss)
    if isinstance(found, Loss) and found.reduction in ("sum_over_batch_size", "mean"):
        # As scikit-learn has it: sample weights are relative, they are divided by their sum.
        found = copy.copy(found)
        found.reduction = "mean_with_sample_weight"
    return found
