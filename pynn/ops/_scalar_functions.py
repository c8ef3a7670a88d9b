"""Functions of entries one at a time that other ops make up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _state
from pynn.ops._elementwise import (
    absolute,
    add,
    cast,
    cos,
    divide,
    equal,
    exp,
    in_floats,
    isnan,
    less_equal,
    log,
    log1p,
    logical_and,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    where,
)
from pynn.ops._inspection import dtype
from pynn.ops._reductions import sum

__all__ = [
    "allclose",
    "cosh",
    "deg2rad",
    "exp2",
    "fabs",
    "fmax",
    "fmin",
    "heaviside",
    "hypot",
    "isclose",
    "isfinite",
    "isinf",
    "isneginf",
    "isposinf",
    "log10",
    "log2",
    "logaddexp",
    "logical_xor",
    "nan_to_num",
    "rad2deg",
    "reciprocal",
    "select",
    "sinc",
    "sinh",
    "tan",
    "true_divide",
]


def fabs(x: Any) -> Any:
    """Return the absolute value of `x`."""
    return absolute(x)


def true_divide(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``."""
    return divide(x1, x2)


def reciprocal(x: Any) -> Any:
    """Return ``1 / x``."""
    return divide(1.0, x)


def exp2(x: Any) -> Any:
    """Return 2 to the power of `x`."""
    return exp(multiply(x, math.log(2)))


def log2(x: Any) -> Any:
    """Return the logarithm of `x` to the base 2."""
    return multiply(log(x), 1 / math.log(2))


def log10(x: Any) -> Any:
    """Return the logarithm of `x` to the base 10."""
    return multiply(log(x), 1 / math.log(10))


def tan(x: Any) -> Any:
    """Return the tangent of `x`."""
    return divide(sin(x), cos(x))


def sinh(x: Any) -> Any:
    """Return the hyperbolic sine of `x`."""
    return multiply(subtract(exp(x), exp(negative(x))), 0.5)


def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine of `x`."""
    return multiply(add(exp(x), exp(negative(x))), 0.5)


def sinc(x: Any) -> Any:
    """Return ``sin(pi * x) / (pi * x)``, and 1 at 0."""
    angle = multiply(where(equal(x, 0), 1.0, x), math.pi)
    return where(equal(x, 0), 1.0, divide(sin(angle), angle))


def deg2rad(x: Any) -> Any:
    """Return angles in degrees as radians."""
    return multiply(x, math.pi / 180)


def rad2deg(x: Any) -> Any:
    """Return angles in radians as degrees."""
    return multiply(x, 180 / math.pi)


def heaviside(x1: Any, x2: Any) -> Any:
    """Return 0 where `x1` is negative, 1 where it is positive, and `x2` where it is 0."""
    return where(equal(x1, 0), x2, multiply(add(sign(x1), 1.0), 0.5))


def fmax(x1: Any, x2: Any) -> Any:
    """Return the larger value, entry by entry; NaN only where both are."""
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """Return the smaller value, entry by entry; NaN only where both are."""
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


def hypot(x1: Any, x2: Any) -> Any:
    """Return ``sqrt(x1**2 + x2**2)``."""
    return sqrt(add(square(in_floats(x1)), square(in_floats(x2))))


def logaddexp(x1: Any, x2: Any) -> Any:
    """Return ``log(exp(x1) + exp(x2))`` without overflow."""
    x1, x2 = in_floats(x1), in_floats(x2)
    apart = absolute(subtract(x1, x2))
    return add(maximum(x1, x2), log1p(exp(negative(apart))))


def logical_xor(x1: Any, x2: Any) -> Any:
    """Return where one is true and the other is not."""
    return not_equal(not_equal(x1, 0), not_equal(x2, 0))


def isfinite(x: Any) -> Any:
    """Return where `x` is neither infinite nor NaN."""
    kind = np.float64 if dtype(x) == "float64" else np.float32
    return less_equal(absolute(x), float(np.finfo(kind).max))


def isinf(x: Any) -> Any:
    """Return where `x` is plus or minus infinity."""
    return equal(absolute(x), math.inf)


def isposinf(x: Any) -> Any:
    """Return where `x` is plus infinity."""
    return equal(x, math.inf)


def isneginf(x: Any) -> Any:
    """Return where `x` is minus infinity."""
    return equal(x, -math.inf)


def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return where ``|x1 - x2| <= atol + rtol * |x2|``, or both are the same infinity.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.isclose([1.0, 2.0], [1.0, 2.1])
    array([ True, False])
    """
    near = less_equal(absolute(subtract(x1, x2)), add(multiply(absolute(x2), rtol), atol))
    found = where(isfinite(x2), near, equal(x1, x2))
    if equal_nan:
        found = where(logical_and(not_equal(x1, x1), not_equal(x2, x2)), True, found)
    return cast(found, "bool")


def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return whether `isclose` holds everywhere."""
    return equal(sum(cast(equal(isclose(x1, x2, rtol, atol, equal_nan), 0), "int32")), 0)


def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """Return `x` with numbers in the place of NaN and of the infinities.

    None stands for the largest and the least number of the type.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.nan_to_num([float("nan"), 1.0])
    array([0., 1.])
    """
    kind = np.finfo(dtype(x) if dtype(x).startswith("float") else _state.floatx())
    x = where(not_equal(x, x), nan, x)
    x = where(equal(x, math.inf), float(kind.max) if posinf is None else posinf, x)
    return where(equal(x, -math.inf), float(kind.min) if neginf is None else neginf, x)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Return, entry by entry, the choice of the first condition that is true, else `default`.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.select([[True, False], [True, True]], [[1.0, 2.0], [3.0, 4.0]])
    array([1., 4.])
    """
    found = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        found = where(condition, choice, found)
    return found
