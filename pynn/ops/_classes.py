"""Numbers of classes, segments and intervals: sums by them, and finding them."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from pynn._tensor import shape_of
from pynn.ops._elementwise import (
    cast,
    equal,
    greater,
    less,
    less_equal,
    logical_and,
    logical_not,
    where,
)
from pynn.ops._inspection import convert_to_numpy, dtype
from pynn.ops._linear import matmul
from pynn.ops._ordering import prod
from pynn.ops._reductions import any, max, min, sum
from pynn.ops._scalar_functions import isfinite
from pynn.ops._shapes import expand_dims, one_hot, reshape, squeeze, transpose

__all__ = [
    "digitize",
    "in_top_k",
    "isin",
    "multi_hot",
    "searchsorted",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
]


def segment_sum(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """Return the sums of the rows of `data` that have the same id.

    Parameters
    ----------
    data : tensor or array, shape (n, ...)
    segment_ids : array of int, shape (n,)
        Negative ones, and those too large, count nowhere.
    num_segments : int, default=None
        None stands for the largest id plus 1.
    sorted : bool, default=False
        Makes no difference.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.segment_sum([1.0, 4.0, 2.0], [0, 0, 1])
    array([5., 2.])
    """
    num_segments = _segments(segment_ids, num_segments)
    shape: Any = shape_of(data)
    chosen = transpose(one_hot(segment_ids, num_segments, dtype=dtype(data)))
    sums = matmul(chosen, reshape(data, (shape[0] or -1, math.prod(shape[1:]))))
    return reshape(sums, (num_segments, *shape[1:]))


def segment_max(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """Return the largest rows of the same id, -infinity for ids without rows; see `segment_sum`.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.segment_max([1.0, 4.0, 2.0], [0, 0, 1])
    array([4., 2.])
    """
    return max(_by_segment(data, segment_ids, num_segments, -math.inf), axis=0)


def segment_min(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """Return the smallest rows of the same id, infinity for ids without rows; see `segment_sum`."""
    return min(_by_segment(data, segment_ids, num_segments, math.inf), axis=0)


def segment_prod(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """Return the products of rows of the same id, 1 for ids without rows; see `segment_sum`."""
    return prod(_by_segment(data, segment_ids, num_segments, 1.0), axis=0)


def _by_segment(data: Any, ids: Any, count: int | None, absent: float) -> Any:
    """Return `data` with a second axis of segments, and `absent` where a row is in another."""
    chosen = one_hot(ids, _segments(ids, count))
    for _ in range(len(shape_of(data)) - 1):
        chosen = expand_dims(chosen, -1)
    return where(chosen, expand_dims(data, 1), absent)


def _segments(ids: Any, count: int | None) -> int:
    return int(np.max(convert_to_numpy(ids))) + 1 if count is None else count


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Return at which places `values` can be put into a sequence so that it remains in order.

    Parameters
    ----------
    sorted_sequence : tensor or array, shape (n,)
        From the least to the largest.
    values : tensor or array
    side : {"left", "right"}, default="left"
        Before or after what is equal.

    Returns
    -------
    tensor or array of int32, of the shape of `values`
        How many entries of the sequence are before.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.searchsorted([1.0, 3.0, 5.0], [0.0, 3.0, 9.0])
    array([0, 1, 3], dtype=int32)
    """
    if len(shape_of(sorted_sequence)) != 1 or side not in ("left", "right"):
        raise ValueError(
            "searchsorted takes a sequence with one axis, and the side left or right. "
            f"Received: shape={shape_of(sorted_sequence)}, side={side!r}"
        )
    before = less if side == "left" else less_equal
    places = sum(cast(before(sorted_sequence, expand_dims(values, -1)), "int32"), axis=-1)
    return cast(places, "int32")  # NumPy adds in the platform's own integer


def digitize(x: Any, bins: Any) -> Any:
    """Return in which of the intervals that start at `bins`, in order, `x` is: 0 for below all.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.digitize([0.5, 1.0, 9.0], bins=[1.0, 5.0])
    array([0, 1, 2], dtype=int32)
    """
    return searchsorted(bins, x, side="right")


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Return which entries of `x1` are among those of `x2`, or with `invert` which are not.

    `assume_unique` makes no difference.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.isin([1, 2, 3], [2, 5])
    array([False,  True, False])
    """
    found = any(equal(expand_dims(x1, -1), reshape(x2, (-1,))), axis=-1)
    return logical_not(found) if invert else found


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Return, row by row, whether fewer than `k` classes are predicted higher than the target's.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.in_top_k([0, 1], [[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]], k=2)
    array([False,  True])
    """
    classes: Any = shape_of(predictions)[-1]
    chosen = one_hot(targets, classes, dtype=dtype(predictions))
    own = sum(where(chosen, predictions, 0.0), axis=-1, keepdims=True)
    ahead = sum(cast(greater(predictions, own), "int32"), axis=-1)
    usable = logical_and(isfinite(squeeze(own, -1)), greater(sum(chosen, axis=-1), 0))
    return logical_and(greater(k, ahead), usable)


def multi_hot(inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """Return ones for the classes that each row of `inputs` names, and zeros elsewhere.

    Of rows with several axes the first goes.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.multi_hot([[0, 2], [1, 1]], num_classes=3)
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    hot = one_hot(inputs, num_classes, axis, dtype)
    rank = len(shape_of(inputs))
    return max(hot, axis=builtins.min(rank - 1, 1)) if rank else hot
