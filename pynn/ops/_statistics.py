"""Reductions that other ops make up: averages, moments and the like."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pynn._shape_rules import normalize_axes, normalize_axis
from pynn._tensor import shape_of
from pynn.ops._elementwise import (
    add,
    cast,
    divide,
    equal,
    in_floats,
    isnan,
    logical_not,
    multiply,
    not_equal,
    sqrt,
    square,
    subtract,
    where,
)
from pynn.ops._indexing import get_item
from pynn.ops._inspection import dtype
from pynn.ops._linear import matmul
from pynn.ops._ordering import prod, sort
from pynn.ops._rearranging import diff, moveaxis
from pynn.ops._reductions import l2_normalize, max, mean, min, sum
from pynn.ops._shapes import reshape, transpose

__all__ = [
    "amax",
    "amin",
    "average",
    "corrcoef",
    "count_nonzero",
    "median",
    "moments",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "percentile",
    "ptp",
    "quantile",
    "trapezoid",
]


# From the distance to the entry below, in [0, 1), the weight of the entry above.
_BETWEEN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda part: part,
    "lower": np.zeros_like,
    "higher": np.ones_like,
    "midpoint": lambda part: np.full_like(part, 0.5),
    "nearest": np.round,
}


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
        place = normalize_axis(axis, len(shape_of(x)))
        weights = reshape(weights, [-1 if i == place else 1 for i in range(len(shape_of(x)))])
        weights = add(weights, multiply(x, 0))
    return divide(sum(multiply(x, weights), axis), sum(weights, axis))


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """Return how many entries along `axis` are not 0."""
    counts = sum(cast(not_equal(x, 0), "int32"), axis)
    return cast(counts, "int32")  # NumPy adds in the platform's own integer


def moments(
    x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Any, Any]:
    """Return mean and variance along `axes`; there is one process, so all are synchronized."""
    center = mean(x, axes, keepdims=True)
    variance = mean(square(subtract(x, center)), axes, keepdims)
    return (center if keepdims else mean(x, axes)), variance


def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return what a share `q` of the entries along `axis` is not larger than.

    Parameters
    ----------
    x : tensor or array
    q : float or array of float, shape (n,)
        In [0, 1]; the results for several are along a new first axis.
    axis : int or sequence of int, default=None
        Of known size; None stands for all axes.
    method : {"linear", "lower", "higher", "midpoint", "nearest"}, default="linear"
        How the value between two entries is found.
    keepdims : bool, default=False
    """
    x = in_floats(x)
    old: Any = shape_of(x)
    axes = normalize_axes(axis, len(old))
    kept = [i for i in range(len(old)) if i not in axes]
    if not axes or None in [old[i] for i in axes]:
        raise ValueError(f"a quantile needs axes of known size. Received: shape={old}, axis={axis}")
    count = math.prod(old[i] for i in axes)
    rows = [-1 if old[i] is None else old[i] for i in kept]
    ordered = sort(reshape(transpose(x, [*kept, *axes]), [*rows, count]))
    places = np.asarray(q, np.float64) * (count - 1)
    if method not in _BETWEEN or not ((places >= 0) & (places <= count - 1)).all():
        raise ValueError(
            f"q must be in [0, 1] and method one of {', '.join(_BETWEEN)}. "
            f"Received: q={q}, method={method!r}"
        )
    lower = np.floor(places).astype(int)
    weight = _BETWEEN[method](places - lower)
    below = get_item(ordered, (..., lower.tolist()))
    above = get_item(ordered, (..., np.ceil(places).astype(int).tolist()))
    found = add(below, multiply(subtract(above, below), weight.astype(dtype(ordered))))
    last = ordered[..., -1] if places.ndim == 0 else ordered[..., -1:]
    found = where(isnan(last), math.nan, found)  # what is not a number is sorted to the end
    if keepdims:
        rows = [1 if i in axes else rows[kept.index(i)] for i in range(len(old))]
        found = reshape(found, [*rows, *places.shape])
    return found if places.ndim == 0 else moveaxis(found, -1, 0)


def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return `quantile` for shares in percent."""
    return quantile(x, np.asarray(q) / 100, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the entry along `axis` that as many are below as above; see `quantile`."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def corrcoef(x: Any) -> Any:
    """Return the correlations of the rows of `x` with one another."""
    apart = subtract(x, mean(x, axis=-1, keepdims=True))
    unit = l2_normalize(apart, epsilon=0.0)
    return matmul(unit, transpose(unit))


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Return the integral of `y` along `axis` by the trapezoidal rule.

    Parameters
    ----------
    y : tensor or array
    x : tensor or array, default=None
        Where the entries of `y` are, of its shape or of that axis alone.
    dx : float, default=1.0
        The distance between them where `x` is None.
    axis : int, default=-1
    """
    ndim = len(shape_of(y))
    axis = normalize_axis(axis, ndim)
    before = (slice(None),) * axis
    sums = add(get_item(y, (*before, slice(1, None))), get_item(y, (*before, slice(None, -1))))
    if x is not None:
        alone = len(shape_of(x)) == 1
        dx = diff(x, axis=-1 if alone else axis)
        if alone:
            dx = reshape(dx, [-1 if i == axis else 1 for i in range(ndim)])
    return sum(multiply(multiply(sums, 0.5), dx), axis)


# ---- without what is not a number


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the sum along `axis` of what is not NaN."""
    return sum(where(isnan(x), 0.0, x), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the product along `axis` of what is not NaN."""
    return prod(where(isnan(x), 1.0, x), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean along `axis` of what is not NaN."""
    return divide(nansum(x, axis, keepdims), _numbers(x, axis, keepdims))


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean squared distance from `nanmean` along `axis` of what is not NaN."""
    center = nanmean(x, axis, keepdims=True)
    apart = subtract(where(isnan(x), center, x), center)
    return divide(sum(square(apart), axis, keepdims), _numbers(x, axis, keepdims))


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the square root of `nanvar`."""
    return sqrt(nanvar(x, axis, keepdims))


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest entry along `axis` that is not NaN, or NaN if all are."""
    largest = max(where(isnan(x), -math.inf, x), axis, keepdims)
    return where(equal(_numbers(x, axis, keepdims), 0.0), math.nan, largest)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the smallest entry along `axis` that is not NaN, or NaN if all are."""
    smallest = min(where(isnan(x), math.inf, x), axis, keepdims)
    return where(equal(_numbers(x, axis, keepdims), 0.0), math.nan, smallest)


def _numbers(x: Any, axis: Any, keepdims: bool) -> Any:
    """Return how many entries along `axis` are not NaN."""
    return sum(cast(logical_not(isnan(x)), dtype(x)), axis, keepdims)
