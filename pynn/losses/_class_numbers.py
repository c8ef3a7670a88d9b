"""Losses whose targets are class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _namespace
from pynn._number_checks import is_number
from pynn.losses._categorical import log_probabilities
from pynn.losses._loss import NamedLoss, loss

__all__ = [
    "CategoricalGeneralizedCrossEntropy",
    "SparseCategoricalCrossentropy",
    "categorical_generalized_cross_entropy",
    "sparse_categorical_crossentropy",
]


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
