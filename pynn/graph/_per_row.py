"""Losses written in Python, terms of `add_loss` and metrics as a number of each row.

A loss is recorded once, on the model's output and a tensor for the target. Where it ends with a sum
or a mean over the batch, the engine takes that over. What it does to the batch otherwise makes one
number, which is the same for every row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pynn import ops
from pynn._tracing import recording
from pynn.graph._features import has_rows
from pynn.graph._lowering import lower_to_engine
from pynn.graph._walk import topological
from pynn.ops import Node, Tensor, Weight


class RowLoss(NamedTuple):
    """What is added up over a batch, and what the sum is divided by.

    Attributes
    ----------
    tensor : Tensor
        One number for each row, or one for all.
    divisor : {"rows", "weights", "one"}
        As the engine calls it.
    """

    tensor: Tensor
    divisor: str


def target_shape(
    output: tuple[int | None, ...], row: tuple[int, ...] | None
) -> tuple[int | None, ...]:
    """Return the shape of a target with such rows: the output's, if that has as many numbers."""
    full = math.prod(n or 1 for n in output[1:])
    return output if row is None or math.prod(row) == full else (None, *(row or (1,)))


def record_loss(loss: Any, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the values that a loss computes from tensors, and its mask if it has one.

    Raises
    ------
    ValueError
        If it computes anything but a tensor.
    """
    with recording():
        values = loss.call(y_true, y_pred)
        mask = loss._mask(y_true, y_pred) if hasattr(loss, "_mask") else None
    if not isinstance(values, Tensor):
        raise ValueError(
            f"loss {loss.name!r} must be computed from y_true and y_pred with pynn.ops. "
            f"Received: a result of type {type(values).__name__}"
        )
    return values, mask if isinstance(mask, Tensor) else None


def row_loss_of(loss: Any, y_true: Tensor, y_pred: Tensor, weighted: bool) -> RowLoss | None:
    """Return a loss row by row, or None where it cannot be computed row by row.

    Parameters
    ----------
    loss : pynn.losses.Loss
    y_true, y_pred : Tensor
    weighted : bool
        Whether there are sample weights.
    """
    values, mask = record_loss(loss, y_true, y_pred)
    divisor = "weights" if loss.reduction == "mean_with_sample_weight" else "rows"
    if not has_rows(values):
        if mask is not None or (weighted and values.shape):
            return None
        if weighted:  # as a whole: the mean of the weights is what the engine makes of it
            return RowLoss(values, divisor)
        if loss.reduction == "sum" and values.shape:
            values = ops.sum(values)
        return row_loss_of_term(values)
    if None in values.shape[1:]:
        return None
    if mask is not None:
        weights_divide = weighted and divisor == "weights"
        if weights_divide or mask.shape != values.shape:
            return None
        return _masked(values, mask, loss.reduction)
    if loss.reduction == "sum":
        return RowLoss(_of_rows(ops.sum, values), "one")
    return RowLoss(_of_rows(ops.mean, values), divisor)


def _of_rows(reduce: Callable[..., Tensor], x: Tensor) -> Tensor:
    """Return the sum or mean of each row."""
    within = tuple(range(1, len(x.shape)))
    return reduce(x, axis=within) if within else x


def _masked(values: Tensor, mask: Tensor, reduction: str) -> RowLoss:
    """Return the loss of what a mask keeps, of which the mean goes by the number kept."""
    rows = _of_rows(ops.sum, ops.multiply(values, mask))
    if reduction == "sum":
        return RowLoss(rows, "one")
    count = ops.maximum(ops.sum(mask), np.finfo(values.dtype).tiny)
    return RowLoss(ops.divide(ops.multiply(rows, ops.batch_size(values)), count), "rows")


def row_loss_of_term(term: Tensor) -> RowLoss | None:
    """Return a term whose mean is added to the loss, row by row."""
    if has_rows(term):
        return None if None in term.shape[1:] else RowLoss(_of_rows(ops.mean, term), "rows")
    if None in term.shape:
        return None
    found = None if term.shape else _total(term)
    if found is not None:
        return found
    # One number, given to every row: their mean is that number.
    return RowLoss(ops.mean(term) if term.shape else term, "rows")


def _total(value: Tensor) -> RowLoss | None:
    """Return the terms of one number that is linear in sums and means over the batch."""
    node = value.node
    rule = None if node is None else _RULES.get(node.op.name)
    found = None if rule is None or node is None else rule(node)
    if found is None and not _depends_on_rows(value):
        return RowLoss(value, "rows")
    return found


def _reduction(node: Node) -> RowLoss | None:
    x = node.inputs[0]  # reduced along all of its axes, to one number
    if not has_rows(x) or None in x.shape[1:]:
        return None
    if node.op.name == "sum":
        return RowLoss(_of_rows(ops.sum, x), "one")
    return RowLoss(_of_rows(ops.mean, x), "rows")


def _scaled(node: Node) -> RowLoss | None:
    function = ops.multiply if node.op.name == "multiply" else ops.divide
    first, second = node.inputs
    if node.op.name == "divide" and isinstance(second, Tensor):
        if second.node is None or second.node.op.name != "batch_size":
            return None
        found = _total(first) if isinstance(first, Tensor) else None
        return RowLoss(found.tensor, "rows") if found and found.divisor == "one" else None
    if isinstance(first, Tensor) and _is_number(second):
        found = _total(first)
        return None if found is None else found._replace(tensor=function(found.tensor, second))
    if isinstance(second, Tensor) and _is_number(first):
        found = _total(second)
        return None if found is None else found._replace(tensor=function(first, found.tensor))
    return None


def _added(node: Node) -> RowLoss | None:
    function = ops.add if node.op.name == "add" else ops.subtract
    terms = [_total(x) if isinstance(x, Tensor) else x for x in node.inputs]
    found = [term for term in terms if isinstance(term, RowLoss)]
    numbers = [x for x in node.inputs if not isinstance(x, Tensor)]
    if len(found) + len(numbers) != 2 or not all(map(_is_number, numbers)):
        return None
    divisors = {term.divisor for term in found}
    # A number that is added once to a batch cannot be added to each of its rows.
    if len(divisors) != 1 or (divisors != {"rows"} and any(numbers)):
        return None
    first, second = (x.tensor if isinstance(x, RowLoss) else x for x in terms)
    return RowLoss(function(first, second), divisors.pop())


def _negated(node: Node) -> RowLoss | None:
    found = _total(node.inputs[0])
    return None if found is None else found._replace(tensor=ops.negative(found.tensor))


def _renamed(node: Node) -> RowLoss | None:
    return _total(node.inputs[0]) if isinstance(node.inputs[0], Tensor) else None


def _is_number(value: Any) -> bool:
    return not isinstance(value, (Tensor, Weight)) and np.ndim(value) == 0


def _depends_on_rows(value: Tensor) -> bool:
    """Whether anything below has the batch's rows."""
    pending: list[Tensor] = [value]
    while pending:
        tensor = pending.pop()
        if has_rows(tensor) or tensor.node is None:
            return True
        pending.extend(x for x in tensor.node.inputs if isinstance(x, Tensor))
    return False


_RULES: dict[str, Callable[[Node], RowLoss | None]] = {
    "sum": _reduction,
    "mean": _reduction,
    "multiply": _scaled,
    "divide": _scaled,
    "add": _added,
    "subtract": _added,
    "negative": _negated,
    "identity": _renamed,
}


# ---- metrics, of which the engine takes the mean


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
    return _of_rows(ops.mean, values)


def averages_rows(
    metric: Any, target_row: tuple[int, ...] | None, shape: tuple[int | None, ...], dtype: str
) -> bool:
    """Whether the engine can compute a metric, for an output of this shape and type.

    Parameters
    ----------
    metric : pynn.metrics.MeanMetricWrapper
    target_row : tuple or None
        Shape of a row of the target; None stands for that of the output's.
    shape : tuple
        Of the output, the batch included.
    dtype : str
    """
    inputs = [Tensor(target_shape(shape, target_row), dtype), Tensor(shape, dtype)]
    row = row_metric_of(metric, *inputs)
    if row is None:
        return False
    try:
        nodes = topological([row], inputs)
    except ValueError:  # it depends on other tensors, too
        return False
    return not isinstance(lower_to_engine(nodes, inputs, [], dtype, [row]), str)
