"""The cross-entropies and the divergence between distributions over classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _namespace, _state
from pynn._number_checks import is_number
from pynn._pair import as_equal_pair, as_pair
from pynn.losses._loss import NamedLoss, loss
from pynn.losses._smoothing import check_smoothing, smooth

__all__ = [
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "KLD",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "sparse_categorical_crossentropy",
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


def _drop_label_axis(y_true: Any, y_pred: Any, axis: int) -> Any:
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:
        return _namespace.namespace(y_true).squeeze(y_true, axis)
    return y_true


def _checked_labels(y_true: Any, y_pred: np.ndarray, axis: int, ignore_class: Any) -> np.ndarray:
    labels = _drop_label_axis(_namespace.to_array(y_true), y_pred, axis)
    expected = np.take(y_pred, 0, axis).shape
    if labels.shape != expected:
        raise ValueError(
            f"y_true must have the shape {expected} of y_pred without its classes, or one more "
            f"axis of length 1. Received: y_true.shape={labels.shape}, y_pred.shape={y_pred.shape}"
        )
    classes = y_pred.shape[axis]
    counted = labels if ignore_class is None else labels[labels != ignore_class]
    if counted.size and not (counted.min() >= 0 and counted.max() < classes):
        raise ValueError(
            f"labels must be in [0, {classes}), the classes of y_pred. Received: "
            f"min={counted.min()}, max={counted.max()}"
        )
    return labels


def _as_labels(
    y_true: Any, y_pred: Any, axis: int = -1, ignore_class: int | None = None
) -> tuple[Any, Any, Any]:
    """Return ``(xp, labels, y_pred)``, as `as_pair` does where targets are class numbers."""
    xp = _namespace.namespace(y_true, y_pred)
    if xp is not np:
        return xp, _drop_label_axis(y_true, y_pred, axis), y_pred
    y_pred = _namespace.to_float_array(y_pred)
    return xp, _checked_labels(y_true, y_pred, axis, ignore_class), y_pred


def _at_labels(xp: Any, labels: Any, values: Any, axis: int = -1) -> Any:
    """Return the values of the labelled classes, 0 for labels that are no class."""
    after = len(values.shape) - 1 - axis % len(values.shape)
    numbers = np.arange(values.shape[axis]).reshape((-1,) + (1,) * after)
    chosen = xp.equal(xp.expand_dims(labels, axis), numbers)
    return xp.sum(xp.where(chosen, values, 0.0), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """Return ``-log(y_pred)`` of the true class.

    Parameters
    ----------
    y_true : array-like or tensor of int, shape (...) or (..., 1)
        Class numbers.
    y_pred : array-like or tensor, shape (..., classes)
        Probabilities, made to sum to 1 and clipped to [epsilon, 1 - epsilon]; or logits.
    from_logits : bool, default=False
        Whether `y_pred` is what a softmax has yet to be applied to. Nothing is clipped then.
    ignore_class : int, default=None
        A label whose loss is 0, and which need not be a class.
    axis : int, default=-1
        Where the classes are.

    Returns
    -------
    array or tensor, shape (...)

    Raises
    ------
    ValueError
        If the shapes of arrays do not go together, or a label is not a class.

    Examples
    --------
    >>> from pynn import losses
    >>> y_pred = [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]
    >>> losses.sparse_categorical_crossentropy([1, 2], y_pred).round(4)
    array([0.0513, 2.3026], dtype=float32)
    """
    xp, labels, y_pred = _as_labels(y_true, y_pred, axis, ignore_class)
    logarithm = log_probabilities(xp, y_pred, from_logits, axis)
    values = -_at_labels(xp, labels, logarithm, axis)
    if ignore_class is None:
        return values
    return xp.where(xp.equal(labels, ignore_class), 0.0, values)


@loss(sparse_categorical_crossentropy, data="labels", example={"ignore_class": 2})
class SparseCategoricalCrossentropy(NamedLoss):
    """The cross-entropy of class numbers, see `sparse_categorical_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default=False
        Whether predictions are what a softmax has yet to be applied to.
    ignore_class : int, default=None
        A label that does not count, neither in the sum nor in the number it is divided by.
    reduction : str or None, default="sum_over_batch_size"
        See `Loss`.
    axis : int, default=-1
        Where the classes are.
    name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> loss = losses.SparseCategoricalCrossentropy()
    >>> round(loss([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]), 4)
    1.1769
    """

    _over_classes = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses of the samples, see `sparse_categorical_crossentropy`."""
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    _native = NamedLoss._native  # `call` leaves ranks as they are, and computes the same

    def _mask(self, y_true: Any, y_pred: Any) -> Any:
        ignored = self._fn_kwargs["ignore_class"]
        if ignored is None:
            return None
        labels = _drop_label_axis(y_true, y_pred, self._fn_kwargs["axis"])
        xp = _namespace.namespace(labels)
        return xp.where(xp.equal(labels, ignored), 0.0, 1.0)


def _check_q(q: float) -> None:
    if not is_number(q) or not 0 < q < 1:
        raise ValueError(f"q must be in (0, 1). Received: q={q!r}")


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """Return ``(1 - p**q) / q`` of the true class's probability p.

    It is between the cross-entropy, which it nears for small `q`, and the absolute error, and so
    minds wrong labels less (Zhang and Sabuncu, 2018, "Generalized cross entropy loss for training
    deep neural networks with noisy labels").

    Parameters
    ----------
    y_true : array-like or tensor of int, shape (...) or (..., 1)
        Class numbers.
    y_pred : array-like or tensor, shape (..., classes)
        Probabilities; nothing is clipped.
    q : float in (0, 1)

    Returns
    -------
    array or tensor, shape (...)

    Raises
    ------
    ValueError
        If `q` is outside (0, 1), the shapes of arrays do not go together or a label is no class.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.categorical_generalized_cross_entropy([0, 1], [[0.25, 0.75], [0.0, 1.0]], q=0.5)
    array([1., 0.], dtype=float32)
    """
    _check_q(q)
    xp, labels, y_pred = _as_labels(y_true, y_pred)
    return (1.0 - xp.power(_at_labels(xp, labels, y_pred), q)) / q


@loss(categorical_generalized_cross_entropy, data="labels", example={"q": 0.7})
class CategoricalGeneralizedCrossEntropy(NamedLoss):
    """The generalized cross-entropy, see `categorical_generalized_cross_entropy`.

    Parameters
    ----------
    q : float in (0, 1), default=0.5
        How little wrong labels count.
    reduction, name, dtype
        See `Loss`.

    Raises
    ------
    ValueError
        If `q` is outside (0, 1).

    Examples
    --------
    >>> from pynn import losses
    >>> losses.CategoricalGeneralizedCrossEntropy()([0, 1], [[0.25, 0.75], [0.0, 1.0]])
    0.5
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: str | None = None,
    ) -> None:
        _check_q(q)
        super().__init__(reduction, name, dtype, q=q)


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
