"""The cross-entropy of independent yes-no predictions."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss
from pynn.losses._smoothing import check_smoothing, smooth


def sigmoid(xp: Any, logits: Any) -> Any:
    """Return ``1 / (1 + exp(-logits))`` without overflow."""
    return xp.exp(xp.minimum(logits, 0.0) - xp.log1p(xp.exp(-xp.abs(logits))))


def entropy_of_probabilities(xp: Any, target: Any, p: Any) -> Any:
    """Return ``-target log(p) - (1 - target) log(1 - p)``, `p` clipped away from 0 and 1."""
    epsilon = _state.epsilon()
    p = xp.clip(p, epsilon, 1.0 - epsilon)
    return -(target * xp.log(p) + (1.0 - target) * xp.log(1.0 - p))


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Return the mean of ``-y_true log(y_pred) - (1 - y_true) log(1 - y_pred)`` over `axis`.

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., features)
        0 or 1, or probabilities.
    y_pred : array-like or tensor, shape (..., features)
        Probabilities, clipped to [epsilon, 1 - epsilon]; or logits.
    from_logits : bool, default=False
        Whether `y_pred` is what a sigmoid has yet to be applied to. Nothing is clipped then.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards 1/2.
    axis : int, default=-1

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
    >>> losses.binary_crossentropy([[0.0, 1.0]], [[0.5, 0.25]]).round(4)
    array([1.0397], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, 2)
    if from_logits:
        tail = xp.log1p(xp.exp(-xp.abs(y_pred)))
        values = xp.maximum(y_pred, 0.0) - y_pred * target + tail
    else:
        values = entropy_of_probabilities(xp, target, y_pred)
    return xp.mean(values, axis=axis)


class BinaryCrossentropy(NamedLoss):
    """The cross-entropy of independent yes-no predictions, see `binary_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default=False
        Whether predictions are what a sigmoid has yet to be applied to.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards 1/2.
    axis : int, default=-1
        Along which the mean is taken.
    reduction, name, dtype
        See `Loss`.

    Raises
    ------
    ValueError
        If `label_smoothing` is outside [0, 1].

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.25]]), 4)
    1.0397
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: str | None = None,
    ) -> None:
        check_smoothing(label_smoothing)
        super().__init__(
            binary_crossentropy,
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
        name = "binary_crossentropy_logits" if self.from_logits else "binary_crossentropy"
        return name, [float(self.label_smoothing)]
