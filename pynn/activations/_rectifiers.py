"""The rectifier and its relatives: a line for positive numbers, something flatter below."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _namespace
from pynn._activation_op import KerasOp, apply_activation, declare_activation
from pynn._onnx import OnnxWriter
from pynn.activations._declaration import activation

__all__ = ["elu", "leaky_relu", "relu", "relu6", "selu"]


# Klambauer et al. 2017, the digits of csrc/formulas/activations/selu.hpp.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _check_slope(negative_slope: float) -> None:
    if not negative_slope >= 0:
        raise ValueError(
            f"negative_slope must not be negative. Received: negative_slope={negative_slope!r}"
        )


@activation(
    lambda x, alpha: np.maximum(x, 0),
    lambda x, alpha: (x > 0) * 1.0,
    kinks=lambda alpha: (0.0,),
    keras=KerasOp("keras.src.ops.nn", "Relu"),
    onnx=lambda w, x, alpha: w.node("Relu", x),
    c="x < 0.0f ? 0.0f : x",
)
def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """Return `x` where it is above `threshold`, and 0 or a line elsewhere.

    Parameters
    ----------
    x : array-like or tensor
    negative_slope : float, default=0.0
        What lies below becomes ``negative_slope * (x - threshold)``.
    max_value : float, default=None
        What lies above becomes this.
    threshold : float, default=0.0

    Returns
    -------
    array or tensor of the shape of `x`

    Raises
    ------
    ValueError
        If `negative_slope` is negative.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.relu([-1.0, 0.5, 9.0], negative_slope=0.5, max_value=6.0)
    array([-0.5,  0.5,  6. ], dtype=float32)
    """
    _check_slope(negative_slope)
    if threshold == 0 and max_value is None and negative_slope != 0:
        return apply_activation("leaky_relu", x, negative_slope)
    if threshold == 0:
        above = apply_activation("relu6" if max_value == 6 else "relu", x)
    else:
        above = apply_activation("threshold", x, threshold)
    if max_value is not None:
        above = _namespace.namespace(above).clip(above, 0.0, max_value)
    if negative_slope == 0:
        return above
    if not _namespace.is_tensor(x):
        x = _namespace.to_float_array(x)
    return above - negative_slope * apply_activation("relu", threshold - x)


@activation(
    lambda x, alpha: np.where(x > 0, x, alpha * x),
    lambda x, alpha: np.where(x > 0, 1, alpha),
    kinks=lambda alpha: (0.0,),
    keras=KerasOp("keras.src.ops.nn", "LeakyRelu", "negative_slope"),
    onnx=lambda w, x, alpha: w.node(
        "Add", w.node("Max", x, 0.0), w.node("Mul", w.node("Min", x, 0.0), alpha)
    ),
    c="x > 0.0f ? x : alpha * x",
)
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return `x` where it is positive and ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    x : array-like or tensor
    negative_slope : float, default=0.2
        Not negative.

    Returns
    -------
    array or tensor of the shape of `x`

    Raises
    ------
    ValueError
        If `negative_slope` is negative.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.leaky_relu([-1.0, 2.0])
    array([-0.2,  2. ], dtype=float32)
    """
    _check_slope(negative_slope)
    return apply_activation("leaky_relu", x, negative_slope)


@activation(
    lambda x, alpha: np.clip(x, 0, 6),
    lambda x, alpha: ((x > 0) & (x < 6)) * 1.0,
    kinks=lambda alpha: (0.0, 6.0),
    keras=KerasOp("keras.src.ops.nn", "Relu6"),
    onnx=lambda w, x, alpha: w.node("Min", w.node("Max", x, 0.0), 6.0),
    c="x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x",
)
def relu6(x: Any) -> Any:
    """Return ``min(max(x, 0), 6)``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.relu6([-1.0, 2.0, 8.0])
    array([0., 2., 6.], dtype=float32)
    """
    return apply_activation("relu6", x)


declare_activation(
    "threshold",  # relu with a threshold
    lambda x, alpha: np.where(x > alpha, x, 0),
    lambda x, alpha: (x > alpha) * 1.0,
    kinks=lambda alpha: (alpha,),
    keras=KerasOp("keras.src.activations.activations", "ReLU", "threshold"),
    onnx=lambda w, x, alpha: w.node("Where", w.node("Greater", x, alpha), x, 0.0),
    c="x <= alpha ? 0.0f : x",
)


def _elu(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_slope(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))


def _elu_in_onnx(w: OnnxWriter, x: str, alpha: float, scale: float) -> str:
    below = w.node("Sub", w.node("Exp", w.node("Min", x, 0.0)), 1.0)
    above = w.node("Mul", w.node("Max", x, 0.0), scale)
    return w.node("Add", above, w.node("Mul", below, alpha * scale))


@activation(
    _elu,
    _elu_slope,
    kinks=lambda alpha: (0.0,),
    keras=KerasOp("keras.src.ops.nn", "Elu", "alpha"),
    onnx=lambda w, x, alpha: _elu_in_onnx(w, x, alpha, 1.0),
    c="x > 0.0f ? x : alpha * expm1f(x)",
)
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x` where it is positive and ``alpha * (exp(x) - 1)`` elsewhere.

    Source: Clevert et al., 2016, "Fast and accurate deep network learning by exponential linear
    units".

    Parameters
    ----------
    x : array-like or tensor
    alpha : float, default=1.0
        Minus the limit for small `x`.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.elu([-1.0, 2.0]).round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    return apply_activation("elu", x, alpha)


@activation(
    lambda x, alpha: SELU_SCALE * _elu(x, SELU_ALPHA),
    lambda x, alpha: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
    kinks=lambda alpha: (0.0,),
    keras=KerasOp("keras.src.ops.nn", "Selu"),
    onnx=lambda w, x, alpha: _elu_in_onnx(w, x, SELU_ALPHA, SELU_SCALE),
    c="x > 0.0f ? 1.05070099f * x : 1.75809934f * expm1f(x)",
)
def selu(x: Any) -> Any:
    """Return a scaled `elu` that keeps mean 0 and variance 1 from layer to layer.

    Source: Klambauer et al., 2017, "Self-normalizing neural networks".

    Examples
    --------
    >>> from pynn import activations
    >>> activations.selu([-1.0, 2.0]).round(4)
    array([-1.1113,  2.1014], dtype=float32)
    """
    return apply_activation("selu", x)
