"""What a user may give for a metric, and the one that fits an output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pynn import losses
from pynn._registry import to_snake_case
from pynn._tensor import Shape
from pynn.metrics import _losses
from pynn.metrics._accuracy import is_accuracy, resolve_accuracy
from pynn.metrics._mean import MeanMetricWrapper
from pynn.metrics._metric import Metric, registry


def depends_on_shapes(identifier: Any) -> bool:
    """Whether `identifier` is a name that stands for the metric that fits the output."""
    return is_accuracy(identifier) or losses.is_crossentropy(identifier)


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
    found: Callable[..., MeanMetricWrapper] = getattr(_losses, type(loss).__name__)
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
        class's name in snake case, and so is a function.
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
    if depends_on_shapes(identifier) and not known:
        if y_true_shape is None or y_pred_shape is None:
            raise ValueError(f"{identifier!r} needs the shapes of targets and output")
        choose = resolve_accuracy if is_accuracy(identifier) else resolve_crossentropy
        return choose(y_true_shape, y_pred_shape, identifier)
    found = registry.get(identifier, custom_objects)
    if found is None:
        raise ValueError("a metric must be given. Received: None")
    if isinstance(found, losses.Loss):
        found = MeanMetricWrapper(found.call, name=found.name)
    elif not isinstance(found, Metric):
        name = to_snake_case(getattr(found, "__name__", type(found).__name__))
        found = MeanMetricWrapper(found, name=name)
    if isinstance(identifier, str):
        base = to_snake_case(type(found).__name__)
        if identifier != type(found).__name__:
            found.name = identifier
        elif found.name.startswith(f"{base}_") and found.name.removeprefix(f"{base}_").isdigit():
            found.name = base  # objects are numbered, what is given by name is not
    return found
