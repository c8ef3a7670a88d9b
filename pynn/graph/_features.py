"""How the values of recorded nodes lie in the engine: flat features, the same for every row or not.

The engine keeps each row of a tensor flat. What merely moves entries within the rows is therefore
a list of feature numbers, found by letting the op move the numbers themselves.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from pynn._shape_rules import normalize_axes
from pynn.ops import Node, Tensor, Weight

# Ops that compute nothing.
MOVING = frozenset(
    "identity linear reshape reshape_rows expand_dims squeeze transpose index take "
    "concatenate".split()
)
_PROBE_ROWS = 3
_LARGEST_MATRIX = 1 << 16
_KEPT_WIDTH = 1024  # rows of features in order that are kept, of 8 KB at most


def row_shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of one row, or the whole shape of what is the same for every row.

    None stands for values that do not consist of rows of known size.
    """
    shape = value.shape if isinstance(value, (Tensor, Weight)) else np.shape(value)
    row: Any = shape[1:] if has_rows(value) else shape
    return None if None in row else row


def has_rows(value: Any) -> bool:
    """Whether the first axis of `value` is the batch's."""
    return isinstance(value, Tensor) and value.shape[:1] == (None,)


def is_large_matrix(value: Any) -> bool:
    """Whether `value` is a kernel that is better not given to each row as numbers of its own."""
    return isinstance(value, Weight) and value.ndim == 2 and value.size > _LARGEST_MATRIX


def reduces_batch(node: Node) -> bool:
    """Whether a node's value is made of all rows of a batch."""
    reduces, counts = "keepdims" in node.params, node.op.name == "batch_size"
    if not (reduces or counts) or not has_rows(node.inputs[0] if node.inputs else None):
        return False
    x: Any = node.inputs[0]
    return counts or 0 in normalize_axes(node.params["axis"], len(x.shape))


def broadcast_features(value: Any, like: Tensor) -> np.ndarray | None:
    """Return which feature of `value` each feature of `like` meets in an elementwise op.

    None stands for values that NumPy's broadcasting would lay across the batch.
    """
    own, row = row_shape(value), row_shape(like)
    if own is None or row is None:
        return None
    if own == row and has_rows(value) == has_rows(like):
        return _in_order(math.prod(row))
    if has_rows(value) != has_rows(like):
        own = own[1:] if len(own) == len(row) + 1 and own[0] == 1 else own
        if has_rows(value) or len(own) > len(row):
            return None
    numbers = np.arange(math.prod(own)).reshape(own)
    return np.broadcast_to(numbers, row).ravel()


def moved_features(node: Node) -> np.ndarray | None:
    """Return which feature each feature of a moving op's output was, or None if rows mix.

    Features of several inputs are numbered one after the other.
    """
    if node.op.name == "take" and isinstance(node.inputs[1], Tensor):
        return None  # which features it takes depends on the row
    probes: list[Any] = []
    total = 0
    rows_everywhere = has_rows(node.output)
    for value in node.inputs:
        if isinstance(value, Weight):
            return None
        if not isinstance(value, Tensor):
            probes.append(value)
            continue
        row = row_shape(value)
        if row is None or has_rows(value) != rows_everywhere:
            return None
        size = math.prod(row)
        probes.append(total + np.arange(size).reshape(row))
        total += size
    if not rows_everywhere:  # the same numbers for every row
        moved = np.asarray(probes[0]) if node.op.name == "linear" else _apply(node, probes)
        return moved.ravel() if moved.size else None
    offsets = np.arange(_PROBE_ROWS) * total
    rows = [
        np.stack([probe + offset for offset in offsets]) if isinstance(value, Tensor) else probe
        for probe, value in zip(probes, node.inputs, strict=True)
    ]
    try:
        moved = np.asarray(rows[0]) if node.op.name == "linear" else _apply(node, rows)
    except ValueError:  # a shape that the entries of so few rows do not fill
        return None
    if len(moved) != _PROBE_ROWS:
        return None
    features = moved.reshape(_PROBE_ROWS, -1)
    if not (features == features[0] + offsets[:, None]).all():
        return None
    return features[0] if features[0].size and 0 <= features.min() < total else None


def _apply(node: Node, values: list[Any]) -> np.ndarray:
    return np.asarray(node.op.forward(*values, **node.params))


def is_in_order(features: np.ndarray, width: int) -> bool:
    """Whether the features are all of `width`, as they stand."""
    if len(features) != width:
        return False
    in_order = _in_order(width)
    return features is in_order or bool(np.array_equal(features, in_order))


def _in_order(width: int) -> np.ndarray:
    return _kept_in_order(width) if width <= _KEPT_WIDTH else np.arange(width)


@lru_cache(maxsize=64)
def _kept_in_order(width: int) -> np.ndarray:
    numbers = np.arange(width)
    numbers.flags.writeable = False
    return numbers
