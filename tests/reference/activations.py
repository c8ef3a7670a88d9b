"""Every activation and its derivative in plain float64 NumPy: the truth for the kernels.

Each entry is (value(x, alpha), derivative(x, alpha)); the derivative at a kink is the engine's
choice, stated in csrc/formulas/activations/.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def normal_distribution(x: np.ndarray) -> np.ndarray:
    # 1 + erf cancels for negative x; erfc does not.
    erfc = np.vectorize(math.erfc, otypes=[np.float64])
    return 0.5 * erfc(-x / math.sqrt(2))


def normal_density(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))


def sigmoid_slope(x: np.ndarray) -> np.ndarray:
    return sigmoid(x) * sigmoid(-x)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


def gelu_tanh_inner(x: np.ndarray) -> np.ndarray:
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


def gelu_tanh_slope(x: np.ndarray) -> np.ndarray:
    t = np.tanh(gelu_tanh_inner(x))
    inner_slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner_slope


def mish_slope(x: np.ndarray) -> np.ndarray:
    t = np.tanh(softplus(x))
    return t + x * (1 - t**2) * sigmoid(x)


def elu(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_slope(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))


Function = Callable[[np.ndarray, float], np.ndarray]

ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "linear": (lambda x, a: x, lambda x, a: np.ones_like(x)),
    "heaviside": (lambda x, a: (x >= 0) * 1.0, lambda x, a: np.zeros_like(x)),
    "sign": (lambda x, a: np.sign(x), lambda x, a: np.zeros_like(x)),
    "sigmoid": (lambda x, a: sigmoid(x), lambda x, a: sigmoid_slope(x)),
    "hard_sigmoid": (
        lambda x, a: np.clip(x / 6 + 0.5, 0, 1),
        lambda x, a: (np.abs(x) < 3) / 6,
    ),
    "tanh": (lambda x, a: np.tanh(x), lambda x, a: 1 / np.cosh(x) ** 2),
    "relu": (lambda x, a: np.maximum(x, 0), lambda x, a: (x > 0) * 1.0),
    "relu6": (lambda x, a: np.clip(x, 0, 6), lambda x, a: ((x > 0) & (x < 6)) * 1.0),
    "leaky_relu": (lambda x, a: np.where(x > 0, x, a * x), lambda x, a: np.where(x > 0, 1, a)),
    "elu": (elu, elu_slope),
    "selu": (
        lambda x, a: SELU_SCALE * elu(x, SELU_ALPHA),
        lambda x, a: SELU_SCALE * elu_slope(x, SELU_ALPHA),
    ),
    "softplus": (lambda x, a: softplus(x), lambda x, a: sigmoid(x)),
    "softsign": (lambda x, a: x / (1 + np.abs(x)), lambda x, a: (1 + np.abs(x)) ** -2.0),
    "gelu": (
        lambda x, a: x * normal_distribution(x),
        lambda x, a: normal_distribution(x) + x * normal_density(x),
    ),
    "gelu_tanh": (
        lambda x, a: 0.5 * x * (1 + np.tanh(gelu_tanh_inner(x))),
        lambda x, a: gelu_tanh_slope(x),
    ),
    "silu": (
        lambda x, a: x * sigmoid(x),
        lambda x, a: sigmoid(x) + x * sigmoid_slope(x),
    ),
    "mish": (lambda x, a: x * np.tanh(softplus(x)), lambda x, a: mish_slope(x)),
    "exponential": (lambda x, a: np.exp(x), lambda x, a: np.exp(x)),
    "threshold": (lambda x, a: np.where(x > a, x, 0), lambda x, a: (x > a) * 1.0),
}


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_gradient(x: np.ndarray, grad_y: np.ndarray) -> np.ndarray:
    """The gradient of x, given that of softmax(x)."""
    y = softmax(x)
    return y * (grad_y - (grad_y * y).sum(axis=-1, keepdims=True))


def log_softmax_gradient(x: np.ndarray, grad_y: np.ndarray) -> np.ndarray:
    """The gradient of x, given that of log_softmax(x)."""
    return grad_y - softmax(x) * grad_y.sum(axis=-1, keepdims=True)
