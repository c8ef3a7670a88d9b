"""Accuracies as metrics, and the choice among them by the shapes of targets and output."""

from __future__ import annotations

from typing import Any

from pynn.metrics._accuracy_functions import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from pynn.metrics._mean import MeanMetricWrapper, NamedMetric

Shape = tuple[int | None, ...]


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

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: str | None = None) -> None:
        super().__init__(accuracy, name, dtype)


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

    _direction = "up"

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: str | None = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


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

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


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

    _direction = "up"

    def __init__(
        self, name: str | None = "sparse_categorical_accuracy", dtype: str | None = None
    ) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


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

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k


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

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: str | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        function = sparse_top_k_categorical_accuracy
        super().__init__(function, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
        self.k = k
        self.from_sorted_ids = from_sorted_ids


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
