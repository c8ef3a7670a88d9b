"""Rules for sums, means, extremes and their places, along the features or over the batch."""

from __future__ import annotations

import math

import numpy as np

from pynn._shape_rules import normalize_axes
from pynn.graph._features import row_shape
from pynn.graph._lowering._builder import Builder
from pynn.graph._lowering._program import Program
from pynn.ops import Node, Weight

# The engine's reduction of each op. What is true is 1, so that one is if the largest is; the least
# is where its negative is the largest.
KINDS = {
    "sum": "reduce_sum",
    "mean": "reduce_mean",
    "max": "reduce_max",
    "min": "reduce_min",
    "argmax": "reduce_argmax",
    "argmin": "reduce_argmax",
    "any": "reduce_max",
    "all": "reduce_min",
}


def reduce(builder: Builder, node: Node) -> int | None:
    x = node.inputs[0]
    row = row_shape(x)
    if row is None or (isinstance(x, Weight) and x.ndim == 2):
        return None
    first = len(x.shape) - len(row)
    axes = [axis - first for axis in normalize_axes(node.params["axis"], len(x.shape))]
    source = builder.node(x)
    if axes and axes[0] < 0:
        return _reduce_batch(builder, node, source, row, axes[1:])
    return _reduce_features(builder, node, source, row, axes)


def _reduce_batch(
    builder: Builder, node: Node, source: int, row: tuple[int, ...], axes: list[int]
) -> int | None:
    """Append a sum or mean over the rows of the batch, and over axes within them."""
    name = node.op.name
    if name not in ("sum", "mean"):
        return None
    total = builder.sum_over_batch(
        _reduce_features(builder, node, source, row, axes) if axes else source
    )
    if name == "sum":
        return total
    program = Program()
    rows = builder.count_rows(source)
    return program.append_to(
        builder.graph, program.add("divide", program.input(total), program.input(rows))
    )


def _reduce_features(
    builder: Builder, node: Node, source: int, row: tuple[int, ...], axes: list[int]
) -> int:
    if node.op.name in ("any", "all"):
        program = Program()
        truth = program.add("not_equal", program.input(source), program.constant(0.0))
        source = program.append_to(builder.graph, truth)
    elif node.op.name == "argmin":
        program = Program()
        negative = program.add("negative", program.input(source))
        source = program.append_to(builder.graph, negative)
    finds_place = node.op.name in ("argmax", "argmin")
    in_one_piece = axes == list(range(axes[0], axes[-1] + 1)) if axes else True
    if not in_one_piece or (finds_place and axes[-1] != len(row) - 1):
        kept = [axis for axis in range(len(row)) if axis not in axes]
        numbers = np.arange(math.prod(row)).reshape(row).transpose(kept + axes)
        source = builder.select(source, numbers.ravel())
        row = numbers.shape
        axes = list(range(len(kept), len(row)))
    length = math.prod(row[axis] for axis in axes)
    if length == 1 and not finds_place:
        return source
    inner = math.prod(row[axes[-1] + 1 :])
    return builder.add(KINDS[node.op.name], [source], length=length, inner=inner)
