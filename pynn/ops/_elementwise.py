"""Ops that work on one entry at a time: arithmetic, comparison, exponentials and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pynn._dtypes import dtype_name
from pynn._onnx import OnnxForm, OnnxWriter
from pynn._shape_rules import broadcast, same, unbroadcast
from pynn._tensor import Op, apply, value_of

__all__ = [
    "abs",
    "absolute",
    "add",
    "array",
    "asarray",
    "cast",
    "ceil",
    "clip",
    "convert_to_tensor",
    "cos",
    "divide",
    "divide_no_nan",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "isnan",
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
    "where",
]


def _unary(
    name: str,
    forward: Callable[..., Any],
    slope: Callable[..., Any] | None,
    onnx: OnnxForm | None = None,
) -> Op:
    """Make an op of one value; `slope` is its derivative, from the value and the result."""
    if slope is None:
        return Op(name, forward, None, same, onnx=onnx)
    return Op(name, forward, lambda grad, out, x: (grad * slope(x, out),), same, onnx=onnx)


def _binary(
    name: str,
    forward: Callable[..., Any],
    slopes: Callable[..., tuple[Any, Any]] | None,
    onnx: OnnxForm | None = None,
) -> Op:
    """Make an op of two values; `slopes` are its derivatives, from gradient, values and result."""
    if slopes is None:
        return Op(name, forward, None, broadcast, onnx=onnx)

    def backward(grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
        grad_a, grad_b = slopes(grad, a, b, out)
        return unbroadcast(grad_a, a), unbroadcast(grad_b, b)

    return Op(name, forward, backward, broadcast, onnx=onnx)


def _comparison(name: str, forward: Callable[..., Any], onnx: str, negated: bool = False) -> Op:
    """Make an op of two values whose result is true or false."""

    def translate(w: OnnxWriter, *inputs: Any) -> str:
        truth = w.node(onnx, *inputs)
        return w.cast(w.node("Not", truth) if negated else truth)

    return Op(name, forward, None, broadcast, "bool", onnx=translate)


def _power_slopes(g: Any, a: Any, b: Any, out: Any) -> tuple[Any, Any]:
    # A constant exponent, the usual case, needs no logarithm of the base.
    safe = np.where(np.asarray(a) > 0, a, 1)
    return g * b * np.power(a, np.asarray(b) - 1), g * out * np.log(safe)


def _pick_slopes(
    compare: Callable[[Any, Any], Any],
) -> Callable[[Any, Any, Any, Any], tuple[Any, Any]]:
    """Slopes of maximum and minimum; equal values share the gradient."""

    def slopes(g: Any, a: Any, b: Any, out: Any) -> tuple[Any, Any]:
        first = np.where(compare(a, b), g, np.where(np.equal(a, b), g * g.dtype.type(0.5), 0))
        return first, g - first

    return slopes


ADD = _binary("add", np.add, lambda g, a, b, out: (g, g), "Add")
SUBTRACT = _binary("subtract", np.subtract, lambda g, a, b, out: (g, -g), "Sub")
MULTIPLY = _binary("multiply", np.multiply, lambda g, a, b, out: (g * b, g * a), "Mul")
DIVIDE = _binary("divide", np.true_divide, lambda g, a, b, out: (g / b, -g * out / b), "Div")
POWER = _binary("power", np.power, _power_slopes, "Pow")
MAXIMUM = _binary("maximum", np.maximum, _pick_slopes(np.greater), "Max")
MINIMUM = _binary("minimum", np.minimum, _pick_slopes(np.less), "Min")
FLOOR_DIVIDE = _binary("floor_divide", np.floor_divide, None)
MOD = _binary("mod", np.mod, lambda g, a, b, out: (g, -g * np.floor_divide(a, b)))

EQUAL = _comparison("equal", np.equal, "Equal")
NOT_EQUAL = _comparison("not_equal", np.not_equal, "Equal", negated=True)
LESS = _comparison("less", np.less, "Less")
LESS_EQUAL = _comparison("less_equal", np.less_equal, "Greater", negated=True)
GREATER = _comparison("greater", np.greater, "Greater")
GREATER_EQUAL = _comparison("greater_equal", np.greater_equal, "Less", negated=True)
LOGICAL_AND = Op("logical_and", np.logical_and, None, broadcast, "bool")
LOGICAL_OR = Op("logical_or", np.logical_or, None, broadcast, "bool")
LOGICAL_NOT = Op("logical_not", np.logical_not, None, same, "bool")
ISNAN = Op("isnan", np.isnan, None, same, "bool")

NEGATIVE = _unary("negative", np.negative, lambda x, out: -1, "Neg")
ABSOLUTE = _unary("absolute", np.absolute, lambda x, out: np.sign(x), "Abs")
SQUARE = _unary("square", np.square, lambda x, out: 2 * x, lambda w, x: w.node("Mul", x, x))
SQRT = _unary("sqrt", np.sqrt, lambda x, out: 0.5 / out, "Sqrt")
EXP = _unary("exp", np.exp, lambda x, out: out, "Exp")
EXPM1 = _unary(
    "expm1", np.expm1, lambda x, out: out + 1, lambda w, x: w.node("Sub", w.node("Exp", x), 1.0)
)
LOG = _unary("log", np.log, lambda x, out: 1 / x, "Log")
LOG1P = _unary(
    "log1p", np.log1p, lambda x, out: 1 / (1 + x), lambda w, x: w.node("Log", w.node("Add", x, 1.0))
)
SIN = _unary("sin", np.sin, lambda x, out: np.cos(x), "Sin")
COS = _unary("cos", np.cos, lambda x, out: -np.sin(x), "Cos")
SIGN = _unary("signum", np.sign, None, "Sign")
FLOOR = _unary("floor", np.floor, None, "Floor")
CEIL = _unary("ceil", np.ceil, None, "Ceil")
ROUND = _unary("round", np.round, None)
STOP_GRADIENT = _unary("stop_gradient", lambda x: x, None, lambda w, x: x)

WHERE = Op(
    "where",
    np.where,
    lambda grad, out, condition, a, b: (
        None,
        unbroadcast(np.where(condition, grad, 0), a),
        unbroadcast(np.where(condition, 0, grad), b),
    ),
    broadcast,
    onnx=lambda w, truth, yes, no: w.node(
        "Where", w.node("Not", w.node("Equal", truth, 0.0)), yes, no
    ),
)
CLIP = Op(
    "clip",
    lambda x, low, high: np.clip(x, low, high),
    lambda grad, out, x, low, high: (grad * ((x >= low) & (x <= high)), None, None),
    same,
    onnx=lambda w, x, low, high: w.node("Min", w.node("Max", x, low), high),
)


def _cast_in_onnx(w: OnnxWriter, x: str, dtype: str) -> str:
    if not dtype.startswith("float"):
        raise NotImplementedError(f"a cast to {dtype} has no ONNX twin here")
    return x


CAST = Op(
    "cast",
    lambda x, dtype: np.asarray(x).astype(dtype),
    lambda grad, out, x, dtype: (grad if np.dtype(dtype).kind == "f" else None,),
    same,
    onnx=_cast_in_onnx,
)


def add(x1: Any, x2: Any) -> Any:
    """Return ``x1 + x2``, entry by entry, with broadcasting."""
    return apply(ADD, x1, x2)


def subtract(x1: Any, x2: Any) -> Any:
    """Return ``x1 - x2``, entry by entry, with broadcasting."""
    return apply(SUBTRACT, x1, x2)


def multiply(x1: Any, x2: Any) -> Any:
    """Return ``x1 * x2``, entry by entry, with broadcasting."""
    return apply(MULTIPLY, x1, x2)


def divide(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, entry by entry, with broadcasting."""
    return apply(DIVIDE, x1, x2)


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, and 0 where `x2` is 0."""
    zero = equal(x2, 0)
    return where(zero, 0.0, divide(x1, where(zero, 1.0, x2)))


def floor_divide(x1: Any, x2: Any) -> Any:
    """Return the largest whole number not above ``x1 / x2``. It has no gradient."""
    return apply(FLOOR_DIVIDE, x1, x2)


def mod(x1: Any, x2: Any) -> Any:
    """Return the remainder of `floor_divide`."""
    return apply(MOD, x1, x2)


def power(x1: Any, x2: Any) -> Any:
    """Return `x1` to the power of `x2`."""
    return apply(POWER, x1, x2)


def maximum(x1: Any, x2: Any) -> Any:
    """Return the larger value, entry by entry."""
    return apply(MAXIMUM, x1, x2)


def minimum(x1: Any, x2: Any) -> Any:
    """Return the smaller value, entry by entry."""
    return apply(MINIMUM, x1, x2)


def equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 == x2``."""
    return apply(EQUAL, x1, x2)


def not_equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 != x2``."""
    return apply(NOT_EQUAL, x1, x2)


def less(x1: Any, x2: Any) -> Any:
    """Return where ``x1 < x2``."""
    return apply(LESS, x1, x2)


def less_equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 <= x2``."""
    return apply(LESS_EQUAL, x1, x2)


def greater(x1: Any, x2: Any) -> Any:
    """Return where ``x1 > x2``."""
    return apply(GREATER, x1, x2)


def greater_equal(x1: Any, x2: Any) -> Any:
    """Return where ``x1 >= x2``."""
    return apply(GREATER_EQUAL, x1, x2)


def logical_and(x1: Any, x2: Any) -> Any:
    """Return where both are true."""
    return apply(LOGICAL_AND, x1, x2)


def logical_or(x1: Any, x2: Any) -> Any:
    """Return where at least one is true."""
    return apply(LOGICAL_OR, x1, x2)


def logical_not(x: Any) -> Any:
    """Return where `x` is false."""
    return apply(LOGICAL_NOT, x)


def isnan(x: Any) -> Any:
    """Return where `x` is not a number."""
    return apply(ISNAN, x)


def negative(x: Any) -> Any:
    """Return ``-x``."""
    return apply(NEGATIVE, x)


def absolute(x: Any) -> Any:
    """Return the absolute value of `x`."""
    return apply(ABSOLUTE, x)


def square(x: Any) -> Any:
    """Return ``x * x``."""
    return apply(SQUARE, x)


def sqrt(x: Any) -> Any:
    """Return the square root of `x`."""
    return apply(SQRT, x)


def rsqrt(x: Any) -> Any:
    """Return one over the square root of `x`."""
    return divide(1.0, sqrt(x))


def exp(x: Any) -> Any:
    """Return e to the power of `x`."""
    return apply(EXP, x)


def expm1(x: Any) -> Any:
    """Return ``exp(x) - 1``, exact for small `x`."""
    return apply(EXPM1, x)


def log(x: Any) -> Any:
    """Return the natural logarithm of `x`."""
    return apply(LOG, x)


def log1p(x: Any) -> Any:
    """Return ``log(1 + x)``, exact for small `x`."""
    return apply(LOG1P, x)


def sin(x: Any) -> Any:
    """Return the sine of `x`."""
    return apply(SIN, x)


def cos(x: Any) -> Any:
    """Return the cosine of `x`."""
    return apply(COS, x)


def sign(x: Any) -> Any:
    """Return -1, 0 or 1. It has no gradient; the activation of that name has."""
    return apply(SIGN, x)


def floor(x: Any) -> Any:
    """Return the largest whole number not above `x`. It has no gradient."""
    return apply(FLOOR, x)


def ceil(x: Any) -> Any:
    """Return the smallest whole number not below `x`. It has no gradient."""
    return apply(CEIL, x)


def round(x: Any, decimals: int = 0) -> Any:
    """Return the nearest number of so many decimals. It has no gradient."""
    if decimals == 0:
        return apply(ROUND, x)
    scale = 10.0**decimals
    return divide(apply(ROUND, multiply(x, scale)), scale)


def stop_gradient(variable: Any) -> Any:
    """Return `variable`, through which no gradient flows."""
    return apply(STOP_GRADIENT, variable)


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """Return `x1` where `condition` is true and `x2` elsewhere."""
    return apply(WHERE, condition, x1, x2)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Return `x` with what lies outside [x_min, x_max] moved to the nearer end."""
    return apply(CLIP, x, x_min, x_max)


def cast(x: Any, dtype: Any) -> Any:
    """Return `x` as `dtype`. No gradient flows through whole numbers and truth values."""
    name = dtype_name(dtype)
    return apply(CAST._replace(dtype=name), x, dtype=name)


def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """Return `x` as a tensor if it is one, and as an array otherwise."""
    if dtype is not None:
        return cast(x, dtype)
    return x if getattr(type(x), "__pynn_tensor__", False) else np.asarray(value_of(x))


abs = absolute
asarray = array = convert_to_tensor
pow = power
