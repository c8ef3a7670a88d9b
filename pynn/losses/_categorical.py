"""Losses between distributions over classes: targets are one-hot rows, or probabilities."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_equal_pair, as_pair
from pynn.losses._loss import NamedLoss, loss
from pynn.losses._smoothing import check_smoothing, smooth

__all__ = [
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "KLD",
    "KLDivergence",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
]


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
        If `label_smoothing` is outside [0, 1], or the shapes differ.

    Examples
    --------
    >>> from pynn import losses
    >>> y_true, y_pred = [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]
    >>> losses.categorical_crossentropy(y_true, y_pred).round(4)
    array([0.0513, 2.3026], dtype=float32)
    """
    xp, y_true, y_pred = as_equal_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, y_pred.shape[axis])
    return -xp.sum(target * log_probabilities(xp, y_pred, from_logits, axis), axis=axis)


@loss(categorical_crossentropy, data="classes", example={"label_smoothing": 0.1})
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
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Return the sum of ``-alpha (1 - y_pred)**gamma y_true log(y_pred)`` over the classes.

    Source: Lin et al., 2017, "Focal loss for dense object detection".

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., classes)
        One-hot rows.
    y_pred : array-like or tensor, shape (..., classes)
        Probabilities, made to sum to 1 and clipped; or logits.
    alpha : float or sequence of float, default=0.25
        One weight for all classes, or one for each.
    gamma : float, default=2.0
        How strongly good predictions are played down.
    from_logits : bool, default=False
        Whether `y_pred` is what a softmax has yet to be applied to.
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
    >>> losses.categorical_focal_crossentropy([[0, 1]], [[0.5, 0.5]], alpha=1.0).round(4)
    array([0.1733], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, y_pred.shape[axis])
    if from_logits:
        # As Keras does: the softmax's probabilities, clipped like given ones.
        y_pred = xp.exp(log_probabilities(xp, y_pred, True, axis))
    logarithm = log_probabilities(xp, y_pred, False, axis)
    weight = xp.power(1.0 - xp.exp(logarithm), gamma) * xp.asarray(alpha, dtype=y_pred.dtype)
    return -xp.sum(weight * target * logarithm, axis=axis)


@loss(
    categorical_focal_crossentropy,
    data="classes",
    example={"alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.1},
)
class CategoricalFocalCrossentropy(NamedLoss):
    """The categorical focal cross-entropy, see `categorical_focal_crossentropy`.

    Parameters
    ----------
    alpha : float or sequence of float, default=0.25
        One weight for all classes, or one for each.
    gamma : float, default=2.0
        How strongly good predictions are played down.
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
    >>> round(losses.CategoricalFocalCrossentropy(alpha=1.0)([[0, 1]], [[0.5, 0.5]]), 4)
    0.1733
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        check_smoothing(label_smoothing)
        super().__init__(
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Return the sum of ``y_true log(y_true / y_pred)`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., classes)
        Probabilities, clipped to [epsilon, 1].

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    array([0.1438], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    y_true = xp.clip(y_true, _state.epsilon(), 1.0)
    y_pred = xp.clip(y_pred, _state.epsilon(), 1.0)
    return xp.sum(y_true * xp.log(y_true / y_pred), axis=-1)


@loss(kl_divergence, "kld", "KLD", "kullback_leibler_divergence", data="classes")
class KLDivergence(NamedLoss):
    """The Kullback-Leibler divergence, see `kl_divergence`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    _over_classes = True


kld = KLD = kullback_leibler_divergence = kl_divergence
