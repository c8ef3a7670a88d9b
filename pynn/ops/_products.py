"""Products over axes, and distances, that other ops make up."""

from __future__ import annotations

import math
from typing import Any

from pynn._shape_rules import normalize_axis
from pynn._tensor import shape_of
from pynn.ops._elementwise import multiply, sqrt, square, subtract
from pynn.ops._linear import matmul
from pynn.ops._rearranging import ravel
from pynn.ops._reductions import sum
from pynn.ops._shapes import expand_dims, reshape, transpose

__all__ = [
    "cdist",
    "inner",
    "outer",
    "tensordot",
]


def inner(x1: Any, x2: Any) -> Any:
    """Return the sums of products along the last axes of both."""
    if not shape_of(x1) or not shape_of(x2):
        return multiply(x1, x2)
    return tensordot(x1, x2, ([-1], [-1]))


def outer(x1: Any, x2: Any) -> Any:
    """Return the products of each flat entry of `x1` with each of `x2`."""
    return multiply(expand_dims(ravel(x1), 1), expand_dims(ravel(x2), 0))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Return the sums of products over axes of both.

    Parameters
    ----------
    x1, x2 : tensor or array
    axes : int or pair of int or sequences of int, default=2
        So many last ones of `x1` and first ones of `x2`; or those of `x1` and those of `x2`.
    """
    shape1: Any = shape_of(x1)
    n1, n2 = len(shape1), len(shape_of(x2))
    if isinstance(axes, int):
        axes = list(range(n1 - axes, n1)), list(range(axes))
    first, second = ([axis] if isinstance(axis, int) else list(axis) for axis in axes)
    first, second = [normalize_axis(a, n1) for a in first], [normalize_axis(a, n2) for a in second]
    left = [axis for axis in range(n1) if axis not in first]
    right = [axis for axis in range(n2) if axis not in second]
    rows = [-1 if shape1[a] is None else shape1[a] for a in left]
    columns = [shape_of(x2)[a] for a in right]
    shared = math.prod(shape1[a] for a in first)
    a, b = transpose(x1, left + first), transpose(x2, second + right)
    found = matmul(reshape(a, [*rows, shared]) if rows else ravel(a), reshape(b, (shared, -1)))
    return found if len(columns) == 1 else reshape(found, rows + columns)


def cdist(x: Any, y: Any) -> Any:
    """Return the Euclidean distance of each row of `x` from each row of `y`.

    Parameters
    ----------
    x : tensor or array, shape (..., m, features)
    y : tensor or array, shape (..., n, features)

    Returns
    -------
    tensor or array, shape (..., m, n)

    Examples
    --------
    >>> from pynn import ops
    >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    array([[5., 1.]])
    """
    if len(shape_of(x)) < 2 or len(shape_of(y)) < 2:
        raise ValueError(f"cdist takes rows. Received: shapes {shape_of(x)}, {shape_of(y)}")
    apart = subtract(expand_dims(x, -2), expand_dims(y, -3))
    return sqrt(sum(square(apart), axis=-1))
