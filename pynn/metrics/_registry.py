"""The list of metrics, and what a user may give for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pynn import losses
from pynn._registry import Registry, to_snake_case
from pynn.losses import registry as LOSSES
from pynn.losses._registry import is_crossentropy
from pynn.metrics import _accuracy_functions as accuracies
from pynn.metrics import _losses as loss_metrics
from pynn.metrics._accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    is_accuracy,
    resolve_accuracy,
)
from pynn.metrics._auc import AUC
from pynn.metrics._confusion_counts import (
    FalseNegatives,
    FalsePositives,
    TrueNegatives,
    TruePositives,
)
from pynn.metrics._f_score import F1Score, FBetaScore
from pynn.metrics._mean import Mean, MeanMetricWrapper, Sum
from pynn.metrics._metric import Metric
from pynn.metrics._precision_recall import Precision, Recall
from pynn.metrics._r2_score import R2Score
from pynn.metrics._root_mean_squared_error import RootMeanSquaredError

CLASSES: tuple[type[Metric], ...] = (
    AUC,
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    F1Score,
    FBetaScore,
    FalseNegatives,
    FalsePositives,
    Mean,
    MeanMetricWrapper,
    Precision,
    R2Score,
    Recall,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    Sum,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
    loss_metrics.BinaryCrossentropy,
    loss_metrics.CategoricalCrossentropy,
    loss_metrics.CategoricalHinge,
    loss_metrics.CosineSimilarity,
    loss_metrics.Hinge,
    loss_metrics.KLDivergence,
    loss_metrics.LogCoshError,
    loss_metrics.MeanAbsoluteError,
    loss_metrics.MeanAbsolutePercentageError,
    loss_metrics.MeanSquaredError,
    loss_metrics.MeanSquaredLogarithmicError,
    loss_metrics.Poisson,
    loss_metrics.SparseCategoricalCrossentropy,
    loss_metrics.SquaredHinge,
)
# Losses that are metrics as functions only.
FUNCTIONS: tuple[Callable[..., Any], ...] = (
    losses.binary_focal_crossentropy,
    losses.categorical_focal_crossentropy,
    losses.half_gamma_deviance,
    losses.half_poisson_deviance,
    losses.huber,
    losses.quantile,
)
SHORT_NAMES = {
    "acc": "Accuracy",
    "bce": "BinaryCrossentropy",
    "BCE": "BinaryCrossentropy",
    "fbeta_score": "FBetaScore",
    "kld": "KLDivergence",
    "KLD": "KLDivergence",
    "kullback_leibler_divergence": "KLDivergence",
    "log_cosh": "LogCoshError",
    "logcosh": "LogCoshError",
    "mae": "MeanAbsoluteError",
    "MAE": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "MAPE": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "MSE": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
    "MSLE": "MeanSquaredLogarithmicError",
    "pinball": "quantile",
    "rmse": "RootMeanSquaredError",
    "RMSE": "RootMeanSquaredError",
}
registry = Registry("metric", (*FUNCTIONS, *CLASSES), SHORT_NAMES)

Shape = tuple[int | None, ...]


def find_function(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the function of that name, of `custom_objects`, the accuracies or the losses."""
    known = {n: f for n, f in vars(accuracies).items() if n.endswith("accuracy")}
    return LOSSES.find(name, {**known, **(custom_objects or {})})


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the metric that `identifier` stands for.

    Parameters
    ----------
    identifier : None, str, dict, class or callable
        A name or config gives an instance (of a loss without a metric class, such as ``"huber"``,
        the function); None gives None. ``"accuracy"`` gives `Accuracy`: it is `as_metric` that
        chooses the accuracy that fits an output.
    custom_objects : mapping of str to object, default=None
        More names.

    Raises
    ------
    ValueError
        If the name is unknown or `identifier` is of another type.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.get("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    return registry.get(identifier, custom_objects)


def serialize(metric: Any) -> Any:
    """Return what `deserialize` turns back into `metric`: a config or a function's name."""
    return registry.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Build the metric that a name or the output of `serialize` describes.

    Raises
    ------
    ValueError
        If the name is unknown or the config is malformed.
    """
    return registry.deserialize(config, custom_objects)


def resolve_crossentropy(
    y_true_shape: Shape, y_pred_shape: Shape, name: str = "crossentropy"
) -> MeanMetricWrapper:
    """Return the cross-entropy that fits targets and output of these shapes.

    The choice is that of `resolve_accuracy`.

    Parameters
    ----------
    y_true_shape, y_pred_shape : tuple
        Shapes, the batch's axis included.
    name : str, default="crossentropy"
        Name of the metric, usually what the user typed.
    """
    loss = losses.resolve_crossentropy(y_true_shape, y_pred_shape)
    found: Callable[..., MeanMetricWrapper] = getattr(loss_metrics, type(loss).__name__)
    return found(name=name)


def as_metric(
    identifier: Any,
    y_true_shape: Shape | None = None,
    y_pred_shape: Shape | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Metric:
    """Return a `Metric` for whatever ``compile(metrics=[...])`` accepts.

    Parameters
    ----------
    identifier : str, dict, class, function, Loss or Metric
        What `get` takes. ``"accuracy"`` and ``"acc"``, ``"crossentropy"`` and ``"ce"`` need the
        shapes. A metric is named as the user typed it; where that is the name of a class, by the
        class's name in snake case.
    y_true_shape, y_pred_shape : tuple, default=None
        Shapes of targets and output, the batch's axis included.
    custom_objects : mapping of str to object, default=None
        More names.

    Raises
    ------
    ValueError
        If `identifier` is unknown or None, or needs shapes that are not given.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.as_metric("accuracy", (None, 1), (None, 1))
    <BinaryAccuracy name=accuracy>
    >>> metrics.as_metric("mse"), metrics.as_metric("RootMeanSquaredError")
    (<MeanSquaredError name=mse>, <RootMeanSquaredError name=root_mean_squared_error>)
    """
    known = isinstance(identifier, str) and identifier in (custom_objects or {})
    by_shape = is_accuracy(identifier) or is_crossentropy(identifier)
    if by_shape and not known:
        if y_true_shape is None or y_pred_shape is None:
            raise ValueError(f"{identifier!r} needs the shapes of targets and output")
        choose = resolve_accuracy if is_accuracy(identifier) else resolve_crossentropy
        return choose(y_true_shape, y_pred_shape, identifier)
    found = get(identifier, custom_objects)
    if found is None:
        raise ValueError("a metric must be given. Received: None")
    if isinstance(found, losses.Loss):
        found = MeanMetricWrapper(found.call, name=found.name)
    elif not isinstance(found, Metric):
        name = getattr(found, "__name__", to_snake_case(type(found).__name__))
        found = MeanMetricWrapper(found, name=name)
    if isinstance(identifier, str):
        base = to_snake_case(type(found).__name__)
        if identifier != type(found).__name__:
            found.name = identifier
        elif found.name.startswith(f"{base}_") and found.name.removeprefix(f"{base}_").isdigit():
            found.name = base  # objects are numbered, what is given by name is not
    return found
