"""Reductions that other ops make up: averages, moments and the like."""

from __future__ import annotations

from typing import Any

from pynn._shape_rules import normalize_axes
from pynn._tensor import shape_of
from pynn.ops._elementwise import add, cast, divide, multiply, not_equal, square, subtract
from pynn.ops._reductions import max, mean, min, sum
from pynn.ops._shapes import reshape

__all__ = [
    "amax",
    "amin",
    "average",
    "count_nonzero",
    "moments",
    "ptp",
]


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest entry along `axis`; see `max`."""
    return max(x, axis, keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the smallest entry along `axis`; see `min`."""
    return min(x, axis, keepdims)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest entry minus the smallest along `axis`."""
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Return the mean along `axis`, weighted by `weights`, of the shape of `x` or of that axis."""
    if weights is None:
        return mean(x, axis)
    if axis is not None and len(shape_of(weights)) == 1 < len(shape_of(x)):
        (place,) = normalize_axes(axis, len(shape_of(x)))
        weights = reshape(weights, [-1 if i == place else 1 for i in range(len(shape_of(x)))])
        weights = add(weights, multiply(x, 0))
    return divide(sum(multiply(x, weights), axis), sum(weights, axis))


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """Return how many entries along `axis` are not 0."""
    return sum(cast(not_equal(x, 0), "int32"), axis)


def moments(
    x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Any, Any]:
    """Return mean and variance along `axes`; there is one process, so all are synchronized."""
    center = mean(x, axes, keepdims=True)
    variance = mean(square(subtract(x, center)), axes, keepdims)
    return (center if keepdims else mean(x, axes)), variance
