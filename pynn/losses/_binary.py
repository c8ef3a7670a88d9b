"""The cross-entropies of independent yes-no predictions."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_equal_pair
from pynn.losses._loss import NamedLoss, loss
from pynn.losses._smoothing import check_smoothing, smooth

__all__ = [
    "BCE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
]


def sigmoid(xp: Any, logits: Any) -> Any:
    """Return ``1 / (1 + exp(-logits))`` without overflow."""
    return xp.exp(xp.minimum(logits, 0.0) - xp.log1p(xp.exp(-xp.abs(logits))))


def clipped(xp: Any, p: Any) -> Any:
    """Return probabilities with what is closer to 0 or 1 than epsilon moved away."""
    return xp.clip(p, _state.epsilon(), 1.0 - _state.epsilon())


def entropy(xp: Any, target: Any, p: Any) -> Any:
    """Return ``-target log(p) - (1 - target) log(1 - p)``."""
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
        If `label_smoothing` is outside [0, 1], or the shapes differ.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.binary_crossentropy([[0.0, 1.0]], [[0.5, 0.25]]).round(4)
    array([1.0397], dtype=float32)
    """
    xp, y_true, y_pred = as_equal_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, 2)
    if from_logits:
        tail = xp.log1p(xp.exp(-xp.abs(y_pred)))
        values = xp.maximum(y_pred, 0.0) - y_pred * target + tail
    else:
        values = entropy(xp, target, clipped(xp, y_pred))
    return xp.mean(values, axis=axis)


@loss(binary_crossentropy, "bce", "BCE", data="binary", example={"label_smoothing": 0.1})
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
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Return the mean over `axis` of the binary cross-entropy times ``(1 - p)**gamma``.

    ``p`` is the probability that was given to the true outcome (Lin et al., 2017, "Focal loss for
    dense object detection").

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., features)
        0 or 1.
    y_pred : array-like or tensor, shape (..., features)
        Probabilities, or logits.
    apply_class_balancing : bool, default=False
        Whether losses are also multiplied by `alpha` for 1 and by ``1 - alpha`` for 0.
    alpha : float, default=0.25
    gamma : float, default=2.0
        0 gives the plain cross-entropy.
    from_logits : bool, default=False
        Whether `y_pred` is what a sigmoid has yet to be applied to.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards 1/2.
    axis : int, default=-1

    Returns
    -------
    array or tensor, shape (...)

    Raises
    ------
    ValueError
        If `label_smoothing` is outside [0, 1], or the shapes differ.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.25]]).round(4)
    array([0.4765], dtype=float32)
    """
    xp, y_true, y_pred = as_equal_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, 2)
    y_pred = clipped(xp, sigmoid(xp, y_pred) if from_logits else y_pred)
    given = target * y_pred + (1.0 - target) * (1.0 - y_pred)
    values = xp.power(1.0 - given, gamma) * entropy(xp, target, y_pred)
    if apply_class_balancing:
        values = values * (target * alpha + (1.0 - target) * (1.0 - alpha))
    return xp.mean(values, axis=axis)


@loss(
    binary_focal_crossentropy,
    data="binary",
    example={"label_smoothing": 0.1, "gamma": 1.5, "apply_class_balancing": True, "alpha": 0.3},
)
class BinaryFocalCrossentropy(NamedLoss):
    """The binary focal cross-entropy, see `binary_focal_crossentropy`.

    Parameters
    ----------
    apply_class_balancing : bool, default=False
        Whether losses are also multiplied by `alpha` for 1 and by ``1 - alpha`` for 0.
    alpha : float, default=0.25
    gamma : float, default=2.0
        How strongly good predictions are played down.
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
    >>> round(losses.BinaryFocalCrossentropy(gamma=1.0)([[0.0, 1.0]], [[0.5, 0.25]]), 4)
    0.6931
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        check_smoothing(label_smoothing)
        super().__init__(
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )

    def _engine_arguments(self) -> dict[str, Any]:
        given = super()._engine_arguments()
        return given if given["apply_class_balancing"] else {**given, "alpha": -1.0}


bce = BCE = binary_crossentropy
