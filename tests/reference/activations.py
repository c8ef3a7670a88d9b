"""The truth for the activations' kernels: what their declarations say in plain float64 NumPy.

Each entry of `ACTIVATIONS` is (value(x, alpha), derivative(x, alpha)).
"""

from __future__ import annotations

import numpy as np

import pynn.activations  # noqa: F401, which declares them
from pynn import _activation_op

DECLARED = _activation_op.ACTIVATIONS
ACTIVATIONS = {
    name: (known.value, known.slope) for name, known in DECLARED.items() if known.value is not None
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
