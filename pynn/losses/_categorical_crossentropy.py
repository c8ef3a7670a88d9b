"""The cross-entropy between distributions over classes."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss
from pynn.losses._smoothing import check_smoothing, smooth


def log_probabilities(xp: Any, y_pred: Any, from_logits: bool, axis: int) -> Any:
    """Return the logarithm of `y_pred` made to sum to 1 and clipped, or of its softmax."""
    if from_logits:
        shifted = y_pred - xp.max(y_pred, axis=axis, keepdims=True)
        return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))
    epsilon = _state.epsilon()
    share = y_pred / xp.sum(y_pred, axis=axis, keepdims=True)
    return xp.log(xp.clip(share, epsilon, 1.0 - epsilon))


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Return the sum of ``-y_true log(y_pred)`` over the classes.

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., classes)
        One-hot rows, or probabilities.
    y_pred : array-like or tensor, shape (..., classes)
        Probabilities, made to sum to 1 and clipped to [epsilon, 1 - epsilon]; or logits.
    from_logits : bool, default=False
        Whether `y_pred` is what a softmax has yet to be applied to. Nothing is clipped then.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards ``1 / classes``.
    axis : int, default=-1
        Where the classes are.

    Returns
    -------
    array or tensor, shape (...)

    Raises
    ------
    ValueError
        If `label_smoothing` is outside [0, 1].

    Examples
    --------
    >>> from pynn import losses
    >>> y_true, y_pred = [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]
    >>> losses.categorical_crossentropy(y_true, y_pred).round(4)
    array([0.0513, 2.3026], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, y_pred.shape[axis])
    return -xp.sum(target * log_probabilities(xp, y_pred, from_logits, axis), axis=axis)


class CategoricalCrossentropy(NamedLoss):
    """The cross-entropy of one-hot targets, see `categorical_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default=False
        Whether predictions are what a softmax has yet to be applied to.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards ``1 / classes``.
    axis : int, default=-1
        Where the classes are.
    reduction, name, dtype
        See `Loss`.

    Raises
    ------
    ValueError
        If `label_smoothing` is outside [0, 1].

    Examples
    --------
    >>> from pynn import losses
    >>> y_true, y_pred = [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]
    >>> round(losses.CategoricalCrossentropy()(y_true, y_pred), 4)
    1.1769
    """

    _over_classes = True

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        check_smoothing(label_smoothing)
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def _native(self) -> tuple[str, list[float]] | None:
        if self.axis != -1:
            return None
        name = "categorical_crossentropy_logits" if self.from_logits else "categorical_crossentropy"
        return name, [float(self.label_smoothing)]
