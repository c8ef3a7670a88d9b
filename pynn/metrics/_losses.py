"""The losses as metrics: their means over everything seen since the last reset."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _namespace, losses
from pynn.losses import (
    BCE,
    CLASS_OF,
    KLD,
    MAE,
    MAPE,
    MSE,
    MSLE,
    bce,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    cosine,
    cosine_similarity,
    hinge,
    huber,
    kl_divergence,
    kld,
    kullback_leibler_divergence,
    log_cosh,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    quantile,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from pynn.metrics._mean import METRIC_OF, NamedMetric, metric, native_name
from pynn.metrics._metric import registry

__all__ = [
    "BCE",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "KLD",
    "KLDivergence",
    "LogCoshError",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "quantile",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]


@metric(mean_squared_error)
class MeanSquaredError(NamedMetric):
    """The mean squared error, see `pynn.losses.mean_squared_error`.

    Parameters
    ----------
    name : str, default="mean_squared_error"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]])
    5.0
    """


@metric(mean_absolute_error)
class MeanAbsoluteError(NamedMetric):
    """The mean absolute error, see `pynn.losses.mean_absolute_error`.

    Parameters
    ----------
    name : str, default="mean_absolute_error"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.MeanAbsoluteError()([[0.0], [0.0]], [[1.0], [3.0]])
    2.0
    """


@metric(mean_absolute_percentage_error)
class MeanAbsolutePercentageError(NamedMetric):
    """The mean absolute percentage error, see `pynn.losses.mean_absolute_percentage_error`.

    Parameters
    ----------
    name : str, default="mean_absolute_percentage_error"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]])
    25.0
    """


@metric(mean_squared_logarithmic_error)
class MeanSquaredLogarithmicError(NamedMetric):
    """The mean squared logarithmic error, see `pynn.losses.mean_squared_logarithmic_error`.

    Parameters
    ----------
    name : str, default="mean_squared_logarithmic_error"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.MeanSquaredLogarithmicError()([[1.0], [3.0]], [[1.0], [3.0]])
    0.0
    """


@metric(log_cosh, name="logcosh")
class LogCoshError(NamedMetric):
    """The mean logarithm of the error's hyperbolic cosine, see `pynn.losses.log_cosh`.

    Parameters
    ----------
    name : str, default="logcosh"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.LogCoshError()([[1.0], [3.0]], [[1.0], [3.0]])
    0.0
    """


@metric(kl_divergence)
class KLDivergence(NamedMetric):
    """The mean Kullback-Leibler divergence, see `pynn.losses.kl_divergence`.

    Parameters
    ----------
    name : str, default="kl_divergence"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
    0.0
    """


@metric(poisson)
class Poisson(NamedMetric):
    """The mean Poisson loss, see `pynn.losses.poisson`.

    Parameters
    ----------
    name : str, default="poisson"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.Poisson()([[0.0]], [[2.0]])
    2.0
    """


@metric(hinge)
class Hinge(NamedMetric):
    """The mean hinge loss, see `pynn.losses.hinge`.

    Parameters
    ----------
    name : str, default="hinge"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.Hinge()([[1.0], [0.0]], [[0.5], [0.5]])
    1.0
    """


@metric(squared_hinge)
class SquaredHinge(NamedMetric):
    """The mean squared hinge loss, see `pynn.losses.squared_hinge`.

    Parameters
    ----------
    name : str, default="squared_hinge"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.SquaredHinge()([[1.0], [0.0]], [[0.5], [0.5]])
    1.25
    """


@metric(categorical_hinge)
class CategoricalHinge(NamedMetric):
    """The mean hinge loss between classes, see `pynn.losses.categorical_hinge`.

    Parameters
    ----------
    name : str, default="categorical_hinge"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]])
    0.75
    """


@metric(cosine, name="cosine_similarity", direction="up")
class CosineSimilarity(NamedMetric):
    """The mean cosine of the angle between targets and predictions; 1 is the best.

    The loss of that name is minus this.

    Parameters
    ----------
    name : str, default="cosine_similarity"
    dtype : str, default=None
        See `Metric`.
    axis : int, default=-1
        Along which the vectors lie.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.CosineSimilarity()([[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [1.0, 0.0]])
    0.5
    """

    def __init__(
        self,
        name: str | None = "cosine_similarity",
        dtype: str | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, axis=axis)


@metric(binary_crossentropy)
class BinaryCrossentropy(NamedMetric):
    """The mean binary cross-entropy, see `pynn.losses.binary_crossentropy`.

    Parameters
    ----------
    name : str, default="binary_crossentropy"
    dtype : str, default=None
        See `Metric`.
    from_logits : bool, default=False
        Whether predictions are what a sigmoid has yet to be applied to.
    label_smoothing : float in [0, 1], default=0
        How far targets are moved towards 1/2.

    Examples
    --------
    >>> from pynn import metrics
    >>> round(metrics.BinaryCrossentropy()([[0.0], [1.0]], [[0.5], [0.25]]), 4)
    1.0397
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@metric(categorical_crossentropy)
class CategoricalCrossentropy(NamedMetric):
    """The mean cross-entropy of one-hot targets, see `pynn.losses.categorical_crossentropy`.

    Parameters
    ----------
    name : str, default="categorical_crossentropy"
    dtype : str, default=None
        See `Metric`.
    from_logits : bool, default=False
        Whether predictions are what a softmax has yet to be applied to.
    label_smoothing : float in [0, 1], default=0
        How far targets are moved towards ``1 / classes``.
    axis : int, default=-1
        Where the classes are.

    Examples
    --------
    >>> from pynn import metrics
    >>> round(metrics.CategoricalCrossentropy()([[0, 1], [1, 0]], [[0.5, 0.5], [0.75, 0.25]]), 4)
    0.4904
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@metric(sparse_categorical_crossentropy)
class SparseCategoricalCrossentropy(NamedMetric):
    """The mean cross-entropy of class numbers, see `pynn.losses.sparse_categorical_crossentropy`.

    Parameters
    ----------
    name : str, default="sparse_categorical_crossentropy"
    dtype : str, default=None
        See `Metric`.
    from_logits : bool, default=False
        Whether predictions are what a softmax has yet to be applied to.
    ignore_class : int, default=None
        A label whose loss is 0. As in Keras, its samples count in the mean unless there are sample
        weights; the loss of this name leaves them out always.
    axis : int, default=-1
        Where the classes are.

    Examples
    --------
    >>> from pynn import metrics
    >>> metric = metrics.SparseCategoricalCrossentropy()
    >>> round(metric([1, 0], [[0.5, 0.5], [0.75, 0.25]]), 4)
    0.4904
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch; given weights are 0 where the label is the ignored one."""
        ignored = self._fn_kwargs["ignore_class"]
        if ignored is not None and sample_weight is not None:
            labels = _namespace.to_array(y_true)
            axis = self._fn_kwargs["axis"]
            if labels.ndim == np.ndim(y_pred) and labels.shape[axis] == 1:
                labels = np.squeeze(labels, axis)
            weights = np.asarray(sample_weight, np.float64)
            weights = weights.reshape(weights.shape + (1,) * (labels.ndim - weights.ndim))
            sample_weight = np.where(labels == ignored, 0.0, weights)
        super().update_state(y_true, y_pred, sample_weight)

    def _native(self) -> str | None:
        own = type(self) is not SparseCategoricalCrossentropy
        return None if own else native_name(self._fn, self._fn_kwargs)


for _function in CLASS_OF:  # the others are metrics as functions only
    if _function not in METRIC_OF and _function is not cosine_similarity:
        _keras = _function.__name__ not in losses.registry.own
        registry.add(*losses.registry.names_of(_function), keras=_keras)(_function)
