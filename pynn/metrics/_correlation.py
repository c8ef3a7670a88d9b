"""How well predictions follow targets: Pearson's correlation, and Lin's concordance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _state
from pynn._pair import as_axis, as_pair
from pynn.metrics._mean import NamedMetric, metric

__all__ = [
    "ConcordanceCorrelation",
    "PearsonCorrelation",
    "concordance_correlation",
    "pearson_correlation",
]

Axis = int | Sequence[int]


def _centred(y_true: Any, y_pred: Any, axis: Any) -> tuple[Any, Any, Any]:
    """Return targets and predictions without their means, and the means' difference."""
    _, y_true, y_pred = as_pair(y_true, y_pred)
    means = [np.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred)]
    return y_true - means[0], y_pred - means[1], means[0] - means[1]


def pearson_correlation(y_true: Any, y_pred: Any, axis: Axis = -1) -> Any:
    """Return Pearson's coefficient of correlation along `axis`.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (batch, ...)
    axis : int or sequence of int, default=-1
        Along which targets and predictions are correlated.

    Returns
    -------
    ndarray
        Between -1 and 1; NaN where targets or predictions are all equal.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[3.0, 5.0, 7.0]]).round(4)
    array([1.], dtype=float32)
    """
    axis = as_axis(axis)
    true, pred, _ = _centred(y_true, y_pred, axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        true = true / np.std(true, axis=axis, keepdims=True)
        pred = pred / np.std(pred, axis=axis, keepdims=True)
    return np.mean(true * pred, axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Axis = -1) -> Any:
    """Return the coefficient of concordance along `axis`.

    It is Pearson's, made smaller where means or deviations differ (Lin, 1989, "A concordance
    correlation coefficient to evaluate reproducibility").

    Parameters
    ----------
    y_true, y_pred : array-like, shape (batch, ...)
    axis : int or sequence of int, default=-1
        Along which targets and predictions are compared.

    Returns
    -------
    ndarray
        Between -1 and 1; 0 where targets or predictions are all equal.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]).round(4)
    array([0.5714], dtype=float32)
    """
    axis = as_axis(axis)
    true, pred, apart = _centred(y_true, y_pred, axis)
    variances = np.var(true, axis=axis, keepdims=True) + np.var(pred, axis=axis, keepdims=True)
    size = variances + np.square(apart) + _state.epsilon()
    return np.mean(2.0 * true * pred / size, axis=axis)


@metric(pearson_correlation, direction="up")
class PearsonCorrelation(NamedMetric):
    """Pearson's coefficient of correlation, see `pearson_correlation`, averaged over samples.

    Parameters
    ----------
    name : str, default="pearson_correlation"
    dtype : str, default=None
        See `Metric`.
    axis : int or sequence of int, default=-1
        Along which targets and predictions are correlated: the outputs of a sample, or with 0 the
        samples of a batch, as a model with one output needs; batches are then averaged.

    Examples
    --------
    >>> from pynn import metrics
    >>> metric = metrics.PearsonCorrelation()
    >>> round(metric([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]), 4)
    0.9967
    """

    def __init__(
        self,
        name: str | None = "pearson_correlation",
        dtype: str | None = None,
        axis: Axis = -1,
    ) -> None:
        super().__init__(name, dtype, axis=as_axis(axis))


@metric(concordance_correlation, direction="up")
class ConcordanceCorrelation(NamedMetric):
    """The coefficient of concordance, see `concordance_correlation`, averaged over samples.

    Parameters
    ----------
    name : str, default="concordance_correlation"
    dtype : str, default=None
        See `Metric`.
    axis : int or sequence of int, default=-1
        Along which targets and predictions are compared: the outputs of a sample, or with 0 the
        samples of a batch, as a model with one output needs; batches are then averaged.

    Examples
    --------
    >>> from pynn import metrics
    >>> metric = metrics.ConcordanceCorrelation()
    >>> round(metric([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]), 4)
    0.9816
    """

    def __init__(
        self,
        name: str | None = "concordance_correlation",
        dtype: str | None = None,
        axis: Axis = -1,
    ) -> None:
        super().__init__(name, dtype, axis=as_axis(axis))
