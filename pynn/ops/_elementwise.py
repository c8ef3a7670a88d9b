"""Ops that work on one entry at a time: arithmetic, comparison, exponentials and the like."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from pynn import _state
from pynn._dtypes import dtype_name
from pynn._namespace import is_tensor
from pynn._onnx import OnnxForm, OnnxWriter
from pynn._registry import Thing
from pynn._shape_rules import broadcast, same, unbroadcast
from pynn._tensor import Op, apply, is_recorded, is_symbolic, value_of

__all__ = [
    "abs",
    "absolute",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "array",
    "asarray",
    "cast",
    "cbrt",
    "ceil",
    "clip",
    "convert_to_tensor",
    "cos",
    "divide",
    "divide_no_nan",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "isnan",
    "lerp",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "not_equal",
    "pow",
    "power",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sqrt",
    "square",
    "stop_gradient",
    "subtract",
    "trunc",
    "where",
]

OPS: list[Op] = []  # those that are functions of their values alone


def _not_in_halves(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of NumPy's give `floatx` for whole numbers of 8 bits, and not float16."""
    if not isinstance(function, np.ufunc) or any(types.startswith("b") for types in function.types):
        return function

    @wraps(function)
    def call(*values: Any) -> Any:
        out = function(*values)
        if out.dtype.char == "e" and all(np.asarray(x).dtype.kind in "biu" for x in values):
            return function(*(np.asarray(x, _state.floatx()) for x in values))
        return out

    return call


def in_floats(x: Any) -> Any:
    """Return an array of whole numbers or truth values in `floatx`, and all else as it is."""
    if is_symbolic(x) or np.asarray(value_of(x)).dtype.kind == "f":
        return x
    return cast(x, _state.floatx())


def _unary(
    forward: Callable[..., Any],
    slope: Callable[..., Any] | None,
    onnx: OnnxForm | None = None,
    *,
    c: str | None = None,
    name: str | None = None,
    dtype: str | None = None,
) -> Callable[[Thing], Thing]:
    """Return a decorator that makes a function of one value an op, of the function's name.

    `slope` is the derivative, from the value and the result.
    """

    def backward(grad: Any, out: Any, x: Any) -> tuple[Any]:
        return (grad * slope(x, out),)  # type: ignore[misc]

    def declare(function: Any) -> Any:
        known = name or function.__name__
        op = Op(
            known,
            _not_in_halves(forward),
            None if slope is None else backward,
            same,
            dtype,
            onnx=onnx,
            c=c,
        )

        @wraps(function)
        def call(x: Any) -> Any:
            return apply(op, x)

        OPS.append(op)
        return call

    return declare


def _binary(
    forward: Callable[..., Any],
    slopes: tuple[Callable[..., Any], Callable[..., Any]] | None,
    onnx: OnnxForm | None = None,
    *,
    c: str | None = None,
    dtype: str | None = None,
) -> Callable[[Thing], Thing]:
    """Return a decorator that makes a function of two values an op, of the function's name.

    `slopes` are what the gradient becomes for each, from gradient, values and result; plain
    numbers need none, but NumPy's may be values.
    """

    def backward(grad: Any, out: Any, a: Any, b: Any) -> list[Any]:
        return [
            None if type(x) in (int, float) else unbroadcast(slope(grad, a, b, out), x)
            for slope, x in zip(slopes, (a, b), strict=True)  # type: ignore[arg-type]
        ]

    def declare(function: Any) -> Any:
        known = None if slopes is None else backward
        op = Op(function.__name__, _not_in_halves(forward), known, broadcast, dtype, onnx=onnx, c=c)

        @wraps(function)
        def call(x1: Any, x2: Any) -> Any:
            return apply(op, x1, x2)

        OPS.append(op)
        return call

    return declare


def _comparison(
    forward: Callable[..., Any], onnx: str, c: str, negated: bool = False
) -> Callable[[Thing], Thing]:
    """Return a decorator that makes a function of two values an op with true or false results."""

    def translate(w: OnnxWriter, *inputs: Any) -> str:
        truth = w.node(onnx, *inputs)
        return w.cast(w.node("Not", truth) if negated else truth)

    return _binary(forward, None, translate, c=f"(float)({c})", dtype="bool")


def _pick_slopes(
    compare: Callable[[Any, Any], Any],
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Slopes of maximum and minimum; equal values share the gradient."""

    def first(g: Any, a: Any, b: Any, out: Any) -> Any:
        return np.where(compare(a, b), g, np.where(np.equal(a, b), g * g.dtype.type(0.5), 0))

    return first, lambda g, a, b, out: g - first(g, a, b, out)


ROUND = Op("round", np.round, None, same, onnx="Round", c="rintf(x)")
STOP_GRADIENT = Op("stop_gradient", lambda x: x, None, same, onnx=lambda w, x: x, c="x")

WHERE = Op(
    "where",
    np.where,
    lambda grad, out, condition, a, b: (
        None,
        unbroadcast(np.where(condition, grad, 0), a),
        unbroadcast(np.where(condition, 0, grad), b),
    ),
    broadcast,
    onnx=lambda w, condition, yes, no: w.node("Where", w.truth(condition), yes, no),
    c="x != 0.0f ? y : z",
)
CLIP = Op(
    "clip",
    lambda x, low, high: np.clip(x, low, high),
    lambda grad, out, x, low, high: (
        unbroadcast(grad * ((x >= low) & (x <= high)), x),
        None,
        None,
    ),
    broadcast,
    onnx=lambda w, x, low, high: w.node("Min", w.node("Max", x, low), high),
    c="x != x ? x : (x < y ? y : x) > z ? z : x < y ? y : x",
)

LERP = Op(
    "lerp",
    lambda a, b, share: a + (b - a) * share,
    lambda grad, out, a, b, share: (
        unbroadcast(grad * (1 - share), a),
        unbroadcast(grad * share, b),
        unbroadcast(grad * (b - a), share),
    ),
    broadcast,
    onnx=lambda w, a, b, share: w.node("Add", a, w.node("Mul", w.node("Sub", b, a), share)),
    c="x + (y - x) * z",
)


def _cast_in_onnx(w: OnnxWriter, x: str, dtype: str) -> str:
    if dtype == "bool":
        return w.cast(w.truth(x))
    return x if dtype.startswith("float") else w.cast(w.cast_to(x, dtype))


CAST = Op(
    "cast",
    lambda x, dtype: np.asarray(x).astype(dtype),
    lambda grad, out, x, dtype: (grad if np.dtype(dtype).kind == "f" else None,),
    same,
    onnx=_cast_in_onnx,
)


@_binary(np.add, (lambda g, a, b, out: g, lambda g, a, b, out: g), "Add", c="x + y")
def add(x1: Any, x2: Any) -> Any:
    """Return ``x1 + x2``, entry by entry, with broadcasting."""


@_binary(np.subtract, (lambda g, a, b, out: g, lambda g, a, b, out: -g), "Sub", c="x - y")
def subtract(x1: Any, x2: Any) -> Any:
    """Return ``x1 - x2``, entry by entry, with broadcasting."""


@_binary(np.multiply, (lambda g, a, b, out: g * b, lambda g, a, b, out: g * a), "Mul", c="x * y")
def multiply(x1: Any, x2: Any) -> Any:
    """Return ``x1 * x2``, entry by entry, with broadcasting."""


@_binary(
    np.true_divide,
    (lambda g, a, b, out: g / b, lambda g, a, b, out: -g * out / b),
    "Div",
    c="x / y",
    dtype="float",
)
def divide(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, entry by entry, with broadcasting."""


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, and 0 where `x2` is 0.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.divide_no_nan([1.0, 4.0], [0.0, 2.0])
    array([0., 2.])
    """
    zero = equal(x2, 0)
    return where(zero, 0.0, divide(x1, where(zero, 1.0, x2)))


def _mod_in_onnx(w: OnnxWriter, a: Any, b: Any) -> str:
    rest = w.node("Mod", a, b, fmod=1)  # which has the sign of `a`
    differs = w.node("Less", w.node("Mul", rest, b), 0.0)
    return w.node("Where", differs, w.node("Add", rest, b), rest)


def _floor_divide_in_onnx(w: OnnxWriter, a: Any, b: Any) -> str:
    return w.node("Round", w.node("Div", w.node("Sub", a, _mod_in_onnx(w, a, b)), b))


@_binary(np.floor_divide, None, _floor_divide_in_onnx, c="floorf(x / y)")
def floor_divide(x1: Any, x2: Any) -> Any:
    """Return the largest whole number not above ``x1 / x2``. It has no gradient."""


@_binary(
    np.mod,
    (lambda g, a, b, out: g, lambda g, a, b, out: -g * np.floor_divide(a, b)),
    _mod_in_onnx,
    c="x - y * floorf(x / y)",
)
def mod(x1: Any, x2: Any) -> Any:
    """Return the remainder of `floor_divide`."""


@_binary(
    np.power,
    (
        lambda g, a, b, out: g * b * np.power(a, np.subtract(b, 1)),
        lambda g, a, b, out: g * out * np.log(np.where(np.greater(a, 0), a, 1)),
    ),
    "Pow",
    c="powf(x, y)",
)
def power(x1: Any, x2: Any) -> Any:
    """Return `x1` to the power of `x2`."""


@_binary(np.maximum, _pick_slopes(np.greater), "Max", c="x > y || x != x ? x : y")
def maximum(x1: Any, x2: Any) -> Any:
    """Return the larger value, entry by entry."""


@_binary(np.minimum, _pick_slopes(np.less), "Min", c="x < y || x != x ? x : y")
def minimum(x1: Any, x2: Any) -> Any:
    """Return the smaller value, entry by entry."""


@_comparison(np.equal, "Equal", "x == y")
def equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 == x2``."""


@_comparison(np.not_equal, "Equal", "x != y", negated=True)
def not_equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 != x2``."""


@_comparison(np.less, "Less", "x < y")
def less(x1: Any, x2: Any) -> Any:
    """Return where ``x1 < x2``."""


@_comparison(np.less_equal, "Greater", "x <= y", negated=True)
def less_equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 <= x2``."""


@_comparison(np.greater, "Greater", "x > y")
def greater(x1: Any, x2: Any) -> Any:
    """Return where ``x1 > x2``."""


@_comparison(np.greater_equal, "Less", "x >= y", negated=True)
def greater_equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 >= x2``."""


def _logic(operator: str) -> OnnxForm:
    return lambda w, *values: w.cast(w.node(operator, *map(w.truth, values)))


@_binary(np.logical_and, None, _logic("And"), dtype="bool", c="(float)(x != 0.0f && y != 0.0f)")
def logical_and(x1: Any, x2: Any) -> Any:
    """Return where both are true."""


@_binary(np.logical_or, None, _logic("Or"), dtype="bool", c="(float)(x != 0.0f || y != 0.0f)")
def logical_or(x1: Any, x2: Any) -> Any:
    """Return where at least one is true."""


@_unary(np.logical_not, None, _logic("Not"), dtype="bool", c="(float)(x == 0.0f)")
def logical_not(x: Any) -> Any:
    """Return where `x` is false."""


@_unary(np.isnan, None, lambda w, x: w.cast(w.node("IsNaN", x)), dtype="bool", c="(float)(x != x)")
def isnan(x: Any) -> Any:
    """Return where `x` is not a number."""


@_unary(np.negative, lambda x, out: -1, "Neg", c="-x")
def negative(x: Any) -> Any:
    """Return ``-x``."""


@_unary(np.absolute, lambda x, out: np.sign(x), "Abs", c="fabsf(x)")
def absolute(x: Any) -> Any:
    """Return the absolute value of `x`."""


@_unary(np.square, lambda x, out: 2 * x, lambda w, x: w.node("Mul", x, x), c="x * x")
def square(x: Any) -> Any:
    """Return ``x * x``."""


@_unary(np.sqrt, lambda x, out: 0.5 / out, "Sqrt", c="sqrtf(x)", dtype="float")
def sqrt(x: Any) -> Any:
    """Return the square root of `x`."""


@_unary(
    np.cbrt,
    lambda x, out: 1 / (3 * out * out),
    lambda w, x: w.node("Mul", w.node("Sign", x), w.node("Pow", w.node("Abs", x), 1 / 3)),
    dtype="float",
)
def cbrt(x: Any) -> Any:
    """Return the third root of `x`, negative for negative numbers."""


def rsqrt(x: Any) -> Any:
    """Return one over the square root of `x`."""
    return divide(1.0, sqrt(x))


@_unary(np.exp, lambda x, out: out, "Exp", c="expf(x)", dtype="float")
def exp(x: Any) -> Any:
    """Return e to the power of `x`."""


@_unary(
    np.expm1,
    lambda x, out: out + 1,
    lambda w, x: w.node("Sub", w.node("Exp", x), 1.0),
    c="expm1f(x)",
    dtype="float",
)
def expm1(x: Any) -> Any:
    """Return ``exp(x) - 1``, exact for small `x`."""


@_unary(np.log, lambda x, out: 1 / x, "Log", c="logf(x)", dtype="float")
def log(x: Any) -> Any:
    """Return the natural logarithm of `x`."""


@_unary(
    np.log1p,
    lambda x, out: 1 / (1 + x),
    lambda w, x: w.node("Log", w.node("Add", x, 1.0)),
    c="log1pf(x)",
    dtype="float",
)
def log1p(x: Any) -> Any:
    """Return ``log(1 + x)``, exact for small `x`."""


@_unary(np.sin, lambda x, out: np.cos(x), "Sin", c="sinf(x)", dtype="float")
def sin(x: Any) -> Any:
    """Return the sine of `x`."""


@_unary(np.cos, lambda x, out: -np.sin(x), "Cos", c="cosf(x)", dtype="float")
def cos(x: Any) -> Any:
    """Return the cosine of `x`."""


def _in_float(operator: str) -> OnnxForm:
    return lambda w, x: w.in_float(operator, x)


@_unary(np.arcsin, lambda x, out: 1 / np.sqrt(1 - x * x), _in_float("Asin"), dtype="float")
def arcsin(x: Any) -> Any:
    """Return the angle in [-pi/2, pi/2] whose sine is `x`."""


@_unary(np.arccos, lambda x, out: -1 / np.sqrt(1 - x * x), _in_float("Acos"), dtype="float")
def arccos(x: Any) -> Any:
    """Return the angle in [0, pi] whose cosine is `x`."""


@_unary(np.arctan, lambda x, out: 1 / (1 + x * x), _in_float("Atan"), dtype="float")
def arctan(x: Any) -> Any:
    """Return the angle in (-pi/2, pi/2) whose tangent is `x`."""


def _arctan2_in_onnx(w: OnnxWriter, y: Any, x: Any) -> str:
    turn = w.node("Where", w.node("Less", y, 0.0), -math.pi, math.pi)
    turn = w.node("Where", w.node("Less", x, 0.0), turn, 0.0)
    angle = w.node("Add", w.in_float("Atan", w.node("Div", y, x)), turn)
    corners = w.node("Add", w.node("Abs", x), w.node("Abs", y))
    return w.node("Where", w.truth(corners), angle, 0.0)


@_binary(
    np.arctan2,
    (
        lambda g, y, x, out: g * x / (x * x + y * y),
        lambda g, y, x, out: -g * y / (x * x + y * y),
    ),
    _arctan2_in_onnx,
    dtype="float",
)
def arctan2(x1: Any, x2: Any) -> Any:
    """Return the angle in [-pi, pi] of the point with ordinate `x1` and abscissa `x2`."""


@_unary(np.arcsinh, lambda x, out: 1 / np.sqrt(x * x + 1), _in_float("Asinh"), dtype="float")
def arcsinh(x: Any) -> Any:
    """Return the number whose hyperbolic sine is `x`."""


@_unary(np.arccosh, lambda x, out: 1 / np.sqrt(x * x - 1), _in_float("Acosh"), dtype="float")
def arccosh(x: Any) -> Any:
    """Return the number of at least 0 whose hyperbolic cosine is `x`."""


@_unary(np.arctanh, lambda x, out: 1 / (1 - x * x), _in_float("Atanh"), dtype="float")
def arctanh(x: Any) -> Any:
    """Return the number whose hyperbolic tangent is `x`."""


@_unary(
    lambda x: _special("erf", x),
    lambda x, out: 2 / math.sqrt(math.pi) * np.exp(-x * x),
    lambda w, x: w.erf(x),
    dtype="float",
)
def erf(x: Any) -> Any:
    """Return the error function of `x`."""


@_unary(
    lambda x: _special("erfc", x),
    lambda x, out: -2 / math.sqrt(math.pi) * np.exp(-x * x),
    lambda w, x: w.node("Sub", 1.0, w.erf(x)),
    dtype="float",
)
def erfc(x: Any) -> Any:
    """Return ``1 - erf(x)``, exact for large `x`."""


@_unary(
    lambda x: _special("erfinv", x),
    lambda x, out: math.sqrt(math.pi) / 2 * np.exp(out * out),
    dtype="float",
)
def erfinv(x: Any) -> Any:
    """Return the number whose error function is `x`."""


def _special(name: str, x: Any) -> Any:
    from scipy import special  # which takes as long to import as all of pynn

    x = np.asarray(x)
    return getattr(special, name)(x if x.dtype.kind == "f" else x.astype(_state.floatx()))


@_unary(
    np.trunc,
    None,
    lambda w, x: w.node("Where", w.node("Less", x, 0.0), w.node("Ceil", x), w.node("Floor", x)),
    name="truncate",
    c="truncf(x)",
)
def trunc(x: Any) -> Any:
    """Return `x` without its fraction. It has no gradient."""


@_unary(np.sign, None, "Sign", name="signum", c="x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x")
def sign(x: Any) -> Any:
    """Return -1, 0 or 1. It has no gradient; the activation of that name has."""


@_unary(np.floor, None, "Floor", c="floorf(x)")
def floor(x: Any) -> Any:
    """Return the largest whole number not above `x`. It has no gradient."""


@_unary(np.ceil, None, "Ceil", c="ceilf(x)")
def ceil(x: Any) -> Any:
    """Return the smallest whole number not below `x`. It has no gradient."""


def round(x: Any, decimals: int = 0) -> Any:
    """Return the nearest number of so many decimals. It has no gradient."""
    if decimals == 0:
        return apply(ROUND, x)
    scale = 10.0**decimals
    return divide(apply(ROUND, multiply(x, scale)), scale)


def stop_gradient(variable: Any) -> Any:
    """Return `variable`, through which no gradient flows.

    Examples
    --------
    >>> import pynn
    >>> x = pynn.Variable(3.0)
    >>> with pynn.Tape() as tape:
    ...     y = x * pynn.ops.stop_gradient(x)
    >>> tape.gradient(y, x)
    array(3., dtype=float32)
    """
    return apply(STOP_GRADIENT, variable)


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """Return `x1` where `condition` is true and `x2` elsewhere.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.where([True, False], [1.0, 2.0], 0.0)
    array([1., 0.])
    """
    return apply(WHERE, condition, x1, x2)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Return `x` with what lies outside [x_min, x_max] moved to the nearer end.

    An end that is None moves nothing.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.clip([-2.0, 0.5, 2.0], 0.0, 1.0)
    array([0. , 0.5, 1. ])
    """
    if x_min is None or x_max is None or is_recorded(x_min, x_max):  # which may have gradients
        above = x if x_min is None else maximum(x, x_min)
        return above if x_max is None else minimum(above, x_max)
    return apply(CLIP, x, x_min, x_max)


def lerp(x1: Any, x2: Any, share: Any) -> Any:
    """Return ``x1 + (x2 - x1) * share``: what lies between the two, with broadcasting.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.lerp([0.0, 0.0], [4.0, 8.0], 0.25)
    array([1., 2.])
    """
    return apply(LERP, x1, x2, share)


def cast(x: Any, dtype: Any) -> Any:
    """Return `x` as `dtype`. No gradient flows through whole numbers and truth values.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.cast([1.7, -1.7], "int32")
    array([ 1, -1], dtype=int32)
    """
    name = dtype_name(dtype)
    return apply(CAST._replace(dtype=name), x, dtype=name)


def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """Return `x` as a tensor if it is one, and as an array otherwise."""
    if dtype is not None:
        return cast(x, dtype)
    return x if is_tensor(x) else np.asarray(value_of(x))


abs = absolute
asarray = array = convert_to_tensor
pow = power
