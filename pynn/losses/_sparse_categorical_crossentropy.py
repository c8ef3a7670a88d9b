"""The cross-entropy between class numbers and distributions over classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn import _namespace
from pynn.losses._categorical_crossentropy import log_probabilities
from pynn.losses._loss import NamedLoss


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
    xp = _namespace.namespace(y_true, y_pred)
    if xp is np:
        y_pred = _namespace.to_float_array(y_pred)
        labels = _checked_labels(y_true, y_pred, axis, ignore_class)
    else:
        labels = _drop_label_axis(y_true, y_pred, axis)
    logarithm = log_probabilities(xp, y_pred, from_logits, axis)
    after = len(y_pred.shape) - 1 - axis % len(y_pred.shape)
    numbers = np.arange(y_pred.shape[axis]).reshape((-1,) + (1,) * after)
    chosen = xp.equal(xp.expand_dims(labels, axis), numbers)
    values = -xp.sum(xp.where(chosen, logarithm, 0.0), axis=axis)
    if ignore_class is None:
        return values
    return xp.where(xp.equal(labels, ignore_class), 0.0, values)


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
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses of the samples, see `sparse_categorical_crossentropy`."""
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def _mask(self, y_true: Any, y_pred: Any) -> Any:
        if self.ignore_class is None:
            return None
        labels = _drop_label_axis(y_true, y_pred, self.axis)
        xp = _namespace.namespace(labels)
        return xp.where(xp.equal(labels, self.ignore_class), 0.0, 1.0)

    def _native(self) -> tuple[str, list[float]] | None:
        if self.axis != -1:
            return None
        name = "sparse_categorical_crossentropy"
        ignored = math.nan if self.ignore_class is None else float(self.ignore_class)
        return name + "_logits" * self.from_logits, [ignored]
