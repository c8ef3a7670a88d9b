"""The ops of the tensor vocabulary in ONNX's operators, at inference.

How nodes are put into a graph is the writer's affair. Operators are those that ONNX Runtime has for
double as well as for float; what it has for float only is composed of others, but for Erf. Truth
values are numbers: everything is of the one type that the network computes in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol


class Writer(Protocol):
    """Where nodes go. Names stand for tensors; numbers and arrays become constants."""

    def node(self, operator: str, *inputs: Any, **attributes: Any) -> str:
        """Add a node with one output, and return its name."""

    def cast(self, x: str) -> str:
        """Return `x` in the type that the network computes in."""

    def erf(self, x: str) -> str:
        """Return the error function of `x`."""


def _same(operator: str) -> Callable[..., str]:
    """Make a translation into one operator of the same inputs."""
    return lambda w, *inputs: w.node(operator, *inputs)


def _test(operator: str, negated: bool = False) -> Callable[..., str]:
    """Make a translation of a comparison, whose truth values are numbers here."""

    def write(w: Writer, *inputs: Any) -> str:
        truth = w.node(operator, *inputs)
        return w.cast(w.node("Not", truth) if negated else truth)

    return write


def _dense(w: Writer, x: str, kernel: Any, bias: Any = None) -> str:
    product = w.node("MatMul", x, kernel)
    return product if bias is None else w.node("Add", product, bias)


def _batch_normalization(
    w: Writer, x: str, mean: Any, variance: Any, *rest: Any, **params: Any
) -> str:
    factor = 1 / (variance + params["epsilon"]) ** 0.5
    terms = list(rest)
    if params["scale"]:
        factor = factor * terms.pop(0)
    offset = -mean * factor
    if params["center"]:
        offset = offset + terms.pop(0)
    return w.node("Add", w.node("Mul", x, factor), offset)


def _noise(w: Writer, x: str, *, always: bool = False, **params: Any) -> str:
    if always:
        raise NotImplementedError("a layer that drops out at inference too has no ONNX twin here")
    return x


def _clip(w: Writer, x: str, low: Any, high: Any) -> str:
    return w.node("Min", w.node("Max", x, low), high)


def _cast(w: Writer, x: str, dtype: str) -> str:
    if not dtype.startswith("float"):
        raise NotImplementedError(f"a cast to {dtype} has no ONNX twin here")
    return x


def _where(w: Writer, truth: str, yes: Any, no: Any) -> str:
    return w.node("Where", truth, yes, no)


def _softplus(w: Writer, x: str) -> str:
    # log(1 + exp(x)) without overflow: max(x, 0) + log(1 + exp(-|x|)).
    tail = w.node("Log", w.node("Add", w.node("Exp", w.node("Neg", w.node("Abs", x))), 1.0))
    return w.node("Add", w.node("Max", x, 0.0), tail)


def _elu(w: Writer, x: str, alpha: float, scale: float = 1.0) -> str:
    below = w.node("Sub", w.node("Exp", w.node("Min", x, 0.0)), 1.0)
    above = w.node("Mul", w.node("Max", x, 0.0), scale)
    return w.node("Add", above, w.node("Mul", below, alpha * scale))


def _gelu(w: Writer, x: str) -> str:
    share = w.erf(w.node("Mul", x, math.sqrt(0.5)))
    return w.node("Mul", w.node("Mul", x, 0.5), w.node("Add", share, 1.0))


def _gelu_tanh(w: Writer, x: str) -> str:
    cube = w.node("Mul", w.node("Mul", x, x), w.node("Mul", x, 0.044715))
    inner = w.node("Mul", w.node("Add", x, cube), math.sqrt(2 / math.pi))
    return w.node("Mul", w.node("Mul", x, 0.5), w.node("Add", w.node("Tanh", inner), 1.0))


def _threshold(w: Writer, x: str, alpha: float) -> str:
    return _where(w, w.node("Greater", x, alpha), x, 0.0)


# Klambauer et al. 2017, the digits of csrc/formulas/activations/selu.hpp.
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805

# (writer, x, alpha); the names are those of the engine's list.
_ACTIVATIONS: dict[str, Callable[[Writer, str, float], str]] = {
    "linear": lambda w, x, a: x,
    "heaviside": lambda w, x, a: w.cast(w.node("Not", w.node("Less", x, 0.0))),
    "sign": lambda w, x, a: w.node("Sign", x),
    "sigmoid": lambda w, x, a: w.node("Sigmoid", x),
    "hard_sigmoid": lambda w, x, a: _clip(w, w.node("Add", w.node("Mul", x, 1 / 6), 0.5), 0.0, 1.0),
    "tanh": lambda w, x, a: w.node("Tanh", x),
    "relu": lambda w, x, a: w.node("Relu", x),
    "relu6": lambda w, x, a: _clip(w, x, 0.0, 6.0),
    "leaky_relu": lambda w, x, a: w.node(
        "Add", w.node("Max", x, 0.0), w.node("Mul", w.node("Min", x, 0.0), a)
    ),
    "elu": _elu,
    "selu": lambda w, x, a: _elu(w, x, _SELU_ALPHA, _SELU_SCALE),
    "softplus": lambda w, x, a: _softplus(w, x),
    "softsign": lambda w, x, a: w.node("Div", x, w.node("Add", w.node("Abs", x), 1.0)),
    "gelu": lambda w, x, a: _gelu(w, x),
    "gelu_tanh": lambda w, x, a: _gelu_tanh(w, x),
    "silu": lambda w, x, a: w.node("Mul", x, w.node("Sigmoid", x)),
    "mish": lambda w, x, a: w.node("Mul", x, w.node("Tanh", _softplus(w, x))),
    "exponential": lambda w, x, a: w.node("Exp", x),
    "threshold": _threshold,
    "softmax": lambda w, x, a: w.node("Softmax", x, axis=-1),
    "log_softmax": lambda w, x, a: w.node("LogSoftmax", x, axis=-1),
}

# (writer, *inputs, **params of the op)
_OTHERS: dict[str, Callable[..., str]] = {
    "dense": _dense,
    "batch_normalization": _batch_normalization,
    **dict.fromkeys(("dropout", "gaussian_noise", "gaussian_dropout", "alpha_dropout"), _noise),
    "identity": lambda w, x: x,
    "stop_gradient": lambda w, x: x,
    "add": _same("Add"),
    "subtract": _same("Sub"),
    "multiply": _same("Mul"),
    "divide": _same("Div"),
    "power": _same("Pow"),
    "maximum": _same("Max"),
    "minimum": _same("Min"),
    "negative": _same("Neg"),
    "absolute": _same("Abs"),
    "square": lambda w, x: w.node("Mul", x, x),
    "sqrt": _same("Sqrt"),
    "exp": _same("Exp"),
    "expm1": lambda w, x: w.node("Sub", w.node("Exp", x), 1.0),
    "log": _same("Log"),
    "log1p": lambda w, x: w.node("Log", w.node("Add", x, 1.0)),
    "sin": _same("Sin"),
    "cos": _same("Cos"),
    "signum": _same("Sign"),
    "floor": _same("Floor"),
    "ceil": _same("Ceil"),
    "clip": _clip,
    "cast": _cast,
    "equal": _test("Equal"),
    "not_equal": _test("Equal", negated=True),
    "less": _test("Less"),
    "less_equal": _test("Greater", negated=True),
    "greater": _test("Greater"),
    "greater_equal": _test("Less", negated=True),
    "where": lambda w, truth, yes, no: _where(
        w, w.node("Not", w.node("Equal", truth, 0.0)), yes, no
    ),
}


def write_op(w: Writer, name: str, inputs: list[Any], params: dict[str, Any]) -> str:
    """Write the nodes of an op, and return the name of its value.

    Parameters
    ----------
    w : Writer
    name : str
        Of the op.
    inputs : list
        Names of tensors; arrays and numbers for what is constant.
    params : dict
        The op's own.

    Raises
    ------
    NotImplementedError
        If there is no translation.
    """
    if name in _ACTIVATIONS:
        return _ACTIVATIONS[name](w, inputs[0], params["alpha"])
    if name not in _OTHERS:
        raise NotImplementedError(
            f"the op {name!r} has no ONNX twin here. It must be one of "
            f"{', '.join(sorted([*_ACTIVATIONS, *_OTHERS]))}"
        )
    return _OTHERS[name](w, *inputs, **params)
