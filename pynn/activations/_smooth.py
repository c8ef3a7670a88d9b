"""Activations that are smooth everywhere and grow without bound, the identity among them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn._activation_op import KerasOp, apply_activation, declare_activation
from pynn._onnx import OnnxWriter
from pynn._rule_operand import RuleOperand
from pynn.activations._declaration import activation

__all__ = ["exponential", "gelu", "linear", "mish", "silu", "softplus", "swish"]


@activation(
    lambda x, alpha: x,
    lambda x, alpha: np.ones_like(x),
    keras=KerasOp("keras.layers", "Identity"),
    onnx=lambda w, x, alpha: x,
    c="x",
)
def linear(x: Any) -> Any:
    """Return `x`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.linear(2.0)
    2.0
    """
    return x


@activation(
    lambda x, alpha: np.exp(x),
    lambda x, alpha: np.exp(x),
    gradient=lambda grad, out: grad * out,
    keras=KerasOp("keras.src.ops.numpy", "Exp"),
    onnx=lambda w, x, alpha: w.node("Exp", x),
    c="expf(x)",
)
def exponential(x: Any) -> Any:
    """Return e to the power of `x`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.exponential([0.0, 1.0]).round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return apply_activation("exponential", x)


def _softplus_in_onnx(w: OnnxWriter, x: str) -> str:
    # log(1 + exp(x)) without overflow: max(x, 0) + log(1 + exp(-|x|)).
    tail = w.node("Log", w.node("Add", w.node("Exp", w.node("Neg", w.node("Abs", x))), 1.0))
    return w.node("Add", w.node("Max", x, 0.0), tail)


@activation(
    lambda x, alpha: np.logaddexp(0, x),
    lambda x, alpha: np.exp(-np.logaddexp(0, -x)),
    keras=KerasOp("keras.src.ops.nn", "Softplus"),
    onnx=lambda w, x, alpha: _softplus_in_onnx(w, x),
    c="(x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)))",
)
def softplus(x: Any) -> Any:
    """Return ``log(1 + exp(x))``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.softplus([0.0, 100.0]).round(4)
    array([  0.6931, 100.    ], dtype=float32)
    """
    return apply_activation("softplus", x)


def _normal_distribution(x: Any) -> Any:
    if isinstance(x, RuleOperand):
        return 0.5 * (1 + x.call("erf", x / math.sqrt(2)))
    # 1 + erf cancels for negative x; erfc does not.
    return 0.5 * np.vectorize(math.erfc, otypes=[np.float64])(-x / math.sqrt(2))


@activation(
    lambda x, alpha: x * _normal_distribution(x),
    lambda x, alpha: _normal_distribution(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
    keras=KerasOp("keras.src.ops.nn", "Gelu", None, {"approximate": False}),
    onnx=lambda w, x, alpha: w.node(
        "Mul", w.node("Mul", x, 0.5), w.node("Add", w.erf(w.node("Mul", x, math.sqrt(0.5))), 1.0)
    ),
    c="0.5f * x * erfcf(-0.707106781f * x)",
)
def gelu(x: Any, approximate: bool = False) -> Any:
    """Return `x` times the normal distribution's probability of a value below it.

    Source: Hendrycks and Gimpel, 2016, "Gaussian error linear units".

    Parameters
    ----------
    x : array-like or tensor
    approximate : bool, default=False
        Whether a hyperbolic tangent takes the place of the error function.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.gelu([-1.0, 2.0]).round(4)
    array([-0.1587,  1.9545], dtype=float32)
    """
    return apply_activation("gelu_tanh" if approximate else "gelu", x)


def _inner(x: np.ndarray) -> np.ndarray:
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


def _gelu_tanh_slope(x: np.ndarray, alpha: float) -> np.ndarray:
    t = np.tanh(_inner(x))
    return 0.5 * (1 + t + x * (1 - t**2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2))


def _gelu_tanh_in_onnx(w: OnnxWriter, x: str, alpha: float) -> str:
    cube = w.node("Mul", w.node("Mul", x, x), w.node("Mul", x, 0.044715))
    inner = w.node("Mul", w.node("Add", x, cube), math.sqrt(2 / math.pi))
    return w.node("Mul", w.node("Mul", x, 0.5), w.node("Add", w.node("Tanh", inner), 1.0))


declare_activation(
    "gelu_tanh",  # the approximation
    lambda x, alpha: 0.5 * x * (1 + np.tanh(_inner(x))),
    _gelu_tanh_slope,
    keras=KerasOp("keras.src.ops.nn", "Gelu", None, {"approximate": True}),
    onnx=_gelu_tanh_in_onnx,
    c="0.5f * x * (1.0f + tanhf(0.797884561f * (x + 0.044715f * x * x * x)))",
)


def _silu_slope(x: np.ndarray, alpha: float) -> np.ndarray:
    y = np.exp(-np.logaddexp(0, -x))
    return y + x * y * np.exp(-np.logaddexp(0, x))


@activation(
    lambda x, alpha: x * np.exp(-np.logaddexp(0, -x)),
    _silu_slope,
    aliases=("swish",),
    keras=KerasOp("keras.src.ops.nn", "Silu"),
    onnx=lambda w, x, alpha: w.node("Mul", x, w.node("Sigmoid", x)),
    c="x / (1.0f + expf(-x))",
)
def silu(x: Any) -> Any:
    """Return ``x * sigmoid(x)``, also called swish.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.silu([0.0, 2.0]).round(4)
    array([0.    , 1.7616], dtype=float32)
    """
    return apply_activation("silu", x)


swish = silu


def _mish_slope(x: np.ndarray, alpha: float) -> np.ndarray:
    t = np.tanh(np.logaddexp(0, x))
    return t + x * (1 - t**2) * np.exp(-np.logaddexp(0, -x))


@activation(
    lambda x, alpha: x * np.tanh(np.logaddexp(0, x)),
    _mish_slope,
    keras=KerasOp("keras.src.activations.activations", "Mish"),
    onnx=lambda w, x, alpha: w.node("Mul", x, w.node("Tanh", _softplus_in_onnx(w, x))),
    c="x * tanhf((x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))))",
)
def mish(x: Any) -> Any:
    """Return ``x * tanh(softplus(x))`` (Misra, 2019).

    Examples
    --------
    >>> from pynn import activations
    >>> activations.mish([0.0, 1.0]).round(4)
    array([0.    , 0.8651], dtype=float32)
    """
    return apply_activation("mish", x)
