"""Operators that compute one entry at a time: arithmetic and activations."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from pynn import activations, layers, ops
from pynn.formats.onnx_reader._call import Call, Operators, Read, Sizes, row_of
from pynn.ops import Tensor

OPERATORS = Operators()


def _plain(function: Callable[..., Any]) -> Read:
    return lambda call: function(*call.tensors())


def _activation(name: str) -> Read:
    function = activations.get(name)

    def read(call: Call) -> Any:
        x = call.tensor()
        return layers.Activation(name)(x) if isinstance(x, Tensor) else function(x)

    return read


_ENTRY_BY_ENTRY: dict[str, Callable[..., Any]] = {
    "Add": ops.add,
    "Sub": ops.subtract,
    "Mul": ops.multiply,
    "Pow": ops.power,
    "Neg": ops.negative,
    "Abs": ops.absolute,
    "Sqrt": ops.sqrt,
    "Exp": ops.exp,
    "Log": ops.log,
    "Erf": ops.erf,
    "Sign": ops.sign,
    "Floor": ops.floor,
    "Ceil": ops.ceil,
    "Round": ops.round,
    "Sin": ops.sin,
    "Cos": ops.cos,
    "Asin": ops.arcsin,
    "Acos": ops.arccos,
    "Atan": ops.arctan,
    "Asinh": ops.arcsinh,
    "Acosh": ops.arccosh,
    "Atanh": ops.arctanh,
    "Reciprocal": lambda x: ops.divide(1.0, x),
    "Min": lambda *xs: reduce(ops.minimum, xs),
    "Max": lambda *xs: reduce(ops.maximum, xs),
    "Sum": lambda *xs: reduce(ops.add, xs),
    "Mean": lambda *xs: ops.divide(reduce(ops.add, xs), float(len(xs))),
    "Equal": ops.equal,
    "Less": ops.less,
    "LessOrEqual": ops.less_equal,
    "Greater": ops.greater,
    "GreaterOrEqual": ops.greater_equal,
    "And": ops.logical_and,
    "Or": ops.logical_or,
    "Not": ops.logical_not,
    "IsNaN": ops.isnan,
    "Where": ops.where,
}
for _name, _function in _ENTRY_BY_ENTRY.items():
    OPERATORS["", _name] = _plain(_function)
for _name, _known in {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Mish": "mish",
    "HardSwish": "hard_swish",
}.items():
    OPERATORS["", _name] = _activation(_known)


@OPERATORS.reads("Div")
def _div(call: Call) -> Any:
    a, b = call.tensors()
    if not all("int" in str(x.dtype) for x in (a, b)):
        return ops.divide(a, b)
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return ops.cast(ops.divide(a, b), "int64")
    if not np.all(b):
        raise ValueError("it divides whole numbers by zero")
    return np.trunc(a / b).astype(np.int64)


@OPERATORS.reads("Identity", "Dropout", "StopGradient")
def _identity(call: Call) -> Any:
    training = call.constant(2, "training mode")
    if training is not None and np.any(training):
        raise ValueError("dropout at inference cannot be read")
    return call[0]


@OPERATORS.reads("Cast")
def _cast(call: Call) -> Any:
    x, kind = call[0], call.attribute("to")
    if isinstance(x, Sizes):
        return x
    return _as_kind(call, x, kind)


@OPERATORS.reads("CastLike")
def _cast_like(call: Call) -> Any:
    like = call.tensor(1)
    whole = (np.asarray(like) if isinstance(like, np.ndarray) else like).dtype
    return _as_kind(call, call.tensor(), 9 if whole == "bool" else 7 if "int" in str(whole) else 1)


def _as_kind(call: Call, x: Any, kind: int) -> Any:
    if kind in (1, 10, 11, 16):
        return ops.cast(x, call.dtype)
    if kind == 9:
        return ops.cast(x, "bool")
    if kind in (2, 3, 5, 6, 7, 12, 13):
        return ops.cast(x, "int64")
    raise ValueError("a cast to texts cannot be read")


@OPERATORS.reads("Clip")
def _clip(call: Call) -> Any:
    x = call.tensor()
    low, high = call.attribute("min", call[1]), call.attribute("max", call[2])
    if low is not None:
        x = ops.maximum(x, low)
    return x if high is None else ops.minimum(x, high)


@OPERATORS.reads("LeakyRelu")
def _leaky_relu(call: Call) -> Any:
    slope = float(call.attribute("alpha", 0.01))
    x = call.tensor()
    return layers.LeakyReLU(slope)(x) if isinstance(x, Tensor) else activations.leaky_relu(x, slope)


@OPERATORS.reads("Elu")
def _elu(call: Call) -> Any:
    alpha = float(call.attribute("alpha", 1.0))
    x = call.tensor()
    return layers.ELU(alpha)(x) if isinstance(x, Tensor) else activations.elu(x, alpha)


@OPERATORS.reads("Celu")
def _celu(call: Call) -> Any:
    alpha = float(call.attribute("alpha", 1.0))
    x = call.tensor()
    below = ops.multiply(alpha, ops.expm1(ops.divide(ops.minimum(x, 0.0), alpha)))
    return ops.add(ops.maximum(x, 0.0), below)


@OPERATORS.reads("Selu")
def _selu(call: Call) -> Any:
    alpha = float(call.attribute("alpha", 1.67326319217681884765625))
    gamma = float(call.attribute("gamma", 1.05070102214813232421875))
    x = call.tensor()
    if abs(alpha - 1.6732632) < 1e-6 and abs(gamma - 1.0507010) < 1e-6:
        return _activation("selu")(call)
    below = ops.multiply(alpha, ops.expm1(ops.minimum(x, 0.0)))
    return ops.multiply(gamma, ops.add(ops.maximum(x, 0.0), below))


@OPERATORS.reads("Gelu")
def _gelu(call: Call) -> Any:
    return activations.gelu(call.tensor(), approximate=call.attribute("approximate") == "tanh")


@OPERATORS.reads("Swish")
def _swish(call: Call) -> Any:
    x = call.tensor()
    inner = ops.multiply(x, float(call.attribute("alpha", 1.0)))
    return ops.multiply(x, activations.sigmoid(inner))


@OPERATORS.reads("HardSigmoid")
def _hard_sigmoid(call: Call) -> Any:
    alpha, beta = float(call.attribute("alpha", 0.2)), float(call.attribute("beta", 0.5))
    return ops.clip(ops.add(ops.multiply(call.tensor(), alpha), beta), 0.0, 1.0)


@OPERATORS.reads("ThresholdedRelu")
def _thresholded_relu(call: Call) -> Any:
    x = call.tensor()
    return ops.where(ops.greater(x, float(call.attribute("alpha", 1.0))), x, 0.0)


@OPERATORS.reads("Shrink")
def _shrink(call: Call) -> Any:
    x, bound = call.tensor(), float(call.attribute("lambd", 0.5))
    bias = float(call.attribute("bias", 0.0))
    above = ops.where(ops.greater(x, bound), ops.subtract(x, bias), 0.0)
    return ops.where(ops.less(x, -bound), ops.add(x, bias), above)


@OPERATORS.reads("PRelu")
def _prelu(call: Call) -> Any:
    x, slope = call.tensor(), call.tensor(1)
    positive, negative = ops.maximum(x, 0.0), ops.minimum(x, 0.0)
    if not isinstance(slope, np.ndarray) or not isinstance(x, Tensor):
        return ops.add(positive, ops.multiply(negative, slope))
    row = row_of(x)
    slope = np.broadcast_to(slope[0] if slope.ndim == len(x.shape) else slope, row)
    layer = layers.PReLU(dtype=call.dtype)
    made = layer(x)
    layer.set_weights([slope])
    return made


@OPERATORS.reads("Mod")
def _mod(call: Call) -> Any:
    a, b = call.tensors()
    if call.attribute("fmod", 0):
        return ops.subtract(a, ops.multiply(b, ops.trunc(ops.divide(a, b))))
    return ops.mod(a, b)
