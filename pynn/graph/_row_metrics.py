"""Metrics written in Python as a number of each row, of which the engine takes the mean."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn._tensor import recording
from pynn.graph._features import has_rows
from pynn.graph._lowering import lower_to_engine
from pynn.graph._row_losses import target_shape
from pynn.graph._walk import topological
from pynn.ops import Tensor


def row_metric_of(metric: Any, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
    """Return what a metric averages as one number of each row, or None if it is not written so.

    Parameters
    ----------
    metric : pynn.metrics.MeanMetricWrapper
    y_true, y_pred : Tensor
    """
    try:
        with recording():
            values = metric._values(y_true, y_pred)
    except Exception:  # a user's function that is not made for tensors fails as it likes
        return None
    if not isinstance(values, Tensor) or not has_rows(values) or None in values.shape[1:]:
        return None
    within = tuple(range(1, len(values.shape)))
    return ops.mean(values, axis=within) if within else values


def averages_rows(
    metric: Any, target_width: int | None, shape: tuple[int | None, ...], dtype: str
) -> bool:
    """Whether the engine can compute a metric, for an output of this shape and type.

    Parameters
    ----------
    metric : pynn.metrics.MeanMetricWrapper
    target_width : int or None
        Numbers in a row of the target; None stands for as many as in the output's.
    shape : tuple
        Of the output, the batch included.
    dtype : str
    """
    inputs = [Tensor(target_shape(shape, target_width), dtype), Tensor(shape, dtype)]
    row = row_metric_of(metric, *inputs)
    if row is None:
        return False
    try:
        nodes = topological([row], inputs)
    except ValueError:  # it depends on other tensors, too
        return False
    return not isinstance(lower_to_engine(nodes, inputs, [], dtype, [row]), str)
