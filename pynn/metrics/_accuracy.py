"""Accuracies: functions that give 1 for a right prediction and 0 for a wrong one, and means."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _namespace, _state
from pynn._pair import match_ranks
from pynn._tensor import Shape
from pynn.metrics._mean import MeanMetricWrapper, NamedMetric, metric

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "resolve_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _matches(a: Any, b: Any) -> np.ndarray:
    return np.asarray(np.equal(a, b)).astype(_state.floatx())


def _labels(y_true: Any, y_pred: np.ndarray) -> np.ndarray:
    """Return class numbers without a last axis of length 1 that predictions have for classes."""
    labels = _namespace.to_array(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        return labels.squeeze(-1)
    return labels


def accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """Return where predictions equal targets.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (...)

    Returns
    -------
    ndarray of 0 and 1, shape (...)

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.accuracy([1, 2, 3], [1, 2, 4])
    array([1., 1., 0.], dtype=float32)
    """
    return _matches(*match_ranks(_namespace.to_array(y_true), _namespace.to_array(y_pred)))


@metric(accuracy, "acc", direction="up")
class Accuracy(NamedMetric):
    """How often predictions equal targets.

    Parameters
    ----------
    name : str, default="accuracy"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    0.75
    """


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> np.ndarray:
    """Return where a probability is on the side of `threshold` that the target is on.

    Parameters
    ----------
    y_true : array-like of 0 and 1, shape (...)
    y_pred : array-like, shape (...)
        Probabilities; above `threshold` counts as 1.
    threshold : float, default=0.5

    Returns
    -------
    ndarray of 0 and 1, shape (...)

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.binary_accuracy([1, 1, 0, 0], [0.98, 0.4, 0.0, 0.6])
    array([1., 0., 1., 0.], dtype=float32)
    """
    y_pred = _namespace.to_float_array(y_pred)
    y_true, y_pred = match_ranks(_namespace.to_array(y_true), y_pred)
    return _matches(y_true, y_pred > y_pred.dtype.type(threshold))


@metric(binary_accuracy, direction="up")
class BinaryAccuracy(NamedMetric):
    """How often probabilities are on the right side of a threshold, see `binary_accuracy`.

    Parameters
    ----------
    name : str, default="binary_accuracy"
    dtype : str, default=None
        See `Metric`.
    threshold : float, default=0.5

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [0.4], [0.0], [0.3]])
    0.75
    """

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: str | None = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(name, dtype, threshold=threshold)


def categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """Return where the most probable class is the true one, of one-hot targets.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (..., classes)

    Returns
    -------
    ndarray of 0 and 1, shape (...)

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    array([0., 1.], dtype=float32)
    """
    y_true, y_pred = _namespace.to_array(y_true), _namespace.to_array(y_pred)
    return _matches(y_true.argmax(-1), y_pred.argmax(-1))


@metric(categorical_accuracy, direction="up")
class CategoricalAccuracy(NamedMetric):
    """How often the most probable class is the true one, of one-hot targets.

    Parameters
    ----------
    name : str, default="categorical_accuracy"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0], [0, 0.9, 0.1]])
    0.5
    """


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """Return where the most probable class is the true one, of class numbers.

    Parameters
    ----------
    y_true : array-like of int, shape (...) or (..., 1)
    y_pred : array-like, shape (..., classes)

    Returns
    -------
    ndarray of 0 and 1, shape (...)

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.sparse_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    array([0., 1.], dtype=float32)
    """
    y_pred = _namespace.to_array(y_pred)
    return _matches(_labels(y_true, y_pred), y_pred.argmax(-1))


@metric(sparse_categorical_accuracy, direction="up")
class SparseCategoricalAccuracy(NamedMetric):
    """How often the most probable class is the true one, of class numbers.

    Parameters
    ----------
    name : str, default="sparse_categorical_accuracy"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.SparseCategoricalAccuracy()([2, 1], [[0.1, 0.9, 0], [0, 0.9, 0.1]])
    0.5
    """


def _in_top_k(labels: np.ndarray, y_pred: np.ndarray, k: int) -> np.ndarray:
    classes = y_pred.shape[-1]
    chosen = np.take_along_axis(y_pred, labels.astype(np.int64)[..., None], axis=-1)
    rank = classes - min(k, classes)
    least = np.partition(y_pred, rank, axis=-1)[..., rank : rank + 1]
    return (chosen >= least).squeeze(-1).astype(_state.floatx())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """Return where the true class is among the `k` most probable ones, of one-hot targets.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (..., classes)
        Classes as probable as the k-th count too.
    k : int, default=5

    Returns
    -------
    ndarray of 0 and 1, shape (...)

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.1, 0.9, 0.8]], k=2)
    array([1.], dtype=float32)
    """
    y_true = _namespace.to_array(y_true)
    return _in_top_k(y_true.argmax(-1), _namespace.to_array(y_pred), k)


@metric(top_k_categorical_accuracy, direction="up")
class TopKCategoricalAccuracy(NamedMetric):
    """How often the true class is among the `k` most probable ones, of one-hot targets.

    Parameters
    ----------
    k : int, default=5
    name : str, default="top_k_categorical_accuracy"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.1, 0.9, 0.8]])
    1.0
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype, k=k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> np.ndarray:
    """Return where the true class is among the `k` most probable ones, of class numbers.

    Parameters
    ----------
    y_true : array-like of int, shape (...) or (..., 1)
    y_pred : array-like, shape (..., classes)
        Classes as probable as the k-th count too.
    k : int, default=5
    from_sorted_ids : bool, default=False
        Whether `y_pred` holds class numbers, the most probable first, in place of probabilities.

    Returns
    -------
    ndarray of 0 and 1, shape (...)

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.sparse_top_k_categorical_accuracy([2], [[0.1, 0.9, 0.8]], k=2)
    array([1.], dtype=float32)
    """
    y_pred = _namespace.to_array(y_pred)
    labels = _labels(y_true, y_pred)
    if from_sorted_ids:
        hits = np.equal(labels[..., None], y_pred[..., :k]).any(-1)
        return hits.astype(_state.floatx())
    return _in_top_k(labels, y_pred, k)


@metric(sparse_top_k_categorical_accuracy, direction="up")
class SparseTopKCategoricalAccuracy(NamedMetric):
    """How often the true class is among the `k` most probable ones, of class numbers.

    Parameters
    ----------
    k : int, default=5
    name : str, default="sparse_top_k_categorical_accuracy"
    dtype : str, default=None
        See `Metric`.
    from_sorted_ids : bool, default=False
        Whether predictions are class numbers, the most probable first.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.1, 0.9, 0.8]])
    1.0
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: str | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype, k=k, from_sorted_ids=from_sorted_ids)


def is_accuracy(identifier: Any) -> bool:
    """Whether `identifier` is the name that stands for the accuracy that fits the output."""
    return isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc")


def resolve_accuracy(
    y_true_shape: Shape, y_pred_shape: Shape, name: str = "accuracy"
) -> MeanMetricWrapper:
    """Return the accuracy that fits targets and output of these shapes.

    Parameters
    ----------
    y_true_shape, y_pred_shape : tuple
        Shapes, the batch's axis included.
    name : str, default="accuracy"
        Name of the metric, usually what the user typed.

    Returns
    -------
    Metric
        `BinaryAccuracy` for one output; `SparseCategoricalAccuracy` for targets with one axis less,
        or with one number per row; `CategoricalAccuracy` otherwise.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.resolve_accuracy((None,), (None, 10), "acc")
    <SparseCategoricalAccuracy name=acc>
    """
    if y_pred_shape[-1] == 1:
        return BinaryAccuracy(name=name)
    if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1:
        return SparseCategoricalAccuracy(name=name)
    return CategoricalAccuracy(name=name)
