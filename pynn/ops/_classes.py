"""Sums by class numbers, and which classes a row names."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from pynn._tensor import shape_of
from pynn.ops._elementwise import cast, greater, logical_and, where
from pynn.ops._inspection import convert_to_numpy, dtype
from pynn.ops._linear import matmul
from pynn.ops._reductions import max, sum
from pynn.ops._scalar_functions import isfinite
from pynn.ops._shapes import one_hot, reshape, squeeze, transpose

__all__ = [
    "in_top_k",
    "multi_hot",
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
    """
    if num_segments is None:
        num_segments = int(np.max(convert_to_numpy(segment_ids))) + 1
    shape: Any = shape_of(data)
    chosen = transpose(one_hot(segment_ids, num_segments, dtype=dtype(data)))
    sums = matmul(chosen, reshape(data, (shape[0] or -1, math.prod(shape[1:]))))
    return reshape(sums, (num_segments, *shape[1:]))


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Return, row by row, whether fewer than `k` classes are predicted higher than the target's."""
    classes: Any = shape_of(predictions)[-1]
    chosen = one_hot(targets, classes, dtype=dtype(predictions))
    own = sum(where(chosen, predictions, 0.0), axis=-1, keepdims=True)
    ahead = sum(cast(greater(predictions, own), "int32"), axis=-1)
    usable = logical_and(isfinite(squeeze(own, -1)), greater(sum(chosen, axis=-1), 0))
    return logical_and(greater(k, ahead), usable)


def multi_hot(inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """Return ones for the classes that each row of `inputs` names, and zeros elsewhere.

    Of rows with several axes the first goes.
    """
    hot = one_hot(inputs, num_classes, axis, dtype)
    rank = len(shape_of(inputs))
    return max(hot, axis=builtins.min(rank - 1, 1)) if rank else hot
