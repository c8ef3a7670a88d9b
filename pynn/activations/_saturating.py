"""Activations that level off on both sides: the sigmoids and the steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._activation_op import KerasOp, apply_activation
from pynn.activations._declaration import activation

__all__ = ["hard_sigmoid", "heaviside", "sigmoid", "sign", "softsign", "tanh"]


@activation(
    lambda x, alpha: np.exp(-np.logaddexp(0, -x)),
    lambda x, alpha: np.exp(-np.logaddexp(0, -x) - np.logaddexp(0, x)),
    gradient=lambda grad, out: grad * (out * (1 - out)),
    keras=KerasOp("keras.src.ops.nn", "Sigmoid"),
    onnx=lambda w, x, alpha: w.node("Sigmoid", x),
    c="1.0f / (1.0f + expf(-x))",
)
def sigmoid(x: Any) -> Any:
    """Return ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.sigmoid([0.0, 2.0]).round(4)
    array([0.5   , 0.8808], dtype=float32)
    """
    return apply_activation("sigmoid", x)


@activation(
    lambda x, alpha: np.clip(x / 6 + 0.5, 0, 1),
    lambda x, alpha: (np.abs(x) < 3) / 6,
    kinks=lambda alpha: (-3.0, 3.0),
    keras=KerasOp("keras.src.ops.nn", "HardSigmoid"),
    onnx=lambda w, x, alpha: w.node(
        "Min", w.node("Max", w.node("Add", w.node("Mul", x, 1 / 6), 0.5), 0.0), 1.0
    ),
    c="x <= -3.0f ? 0.0f : x >= 3.0f ? 1.0f : x / 6.0f + 0.5f",
)
def hard_sigmoid(x: Any) -> Any:
    """Return ``x / 6 + 1 / 2``, cut off at 0 and 1.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.hard_sigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return apply_activation("hard_sigmoid", x)


@activation(
    lambda x, alpha: np.tanh(x),
    lambda x, alpha: 1 / np.cosh(x) ** 2,
    gradient=lambda grad, out: grad * (1 - out * out),
    keras=KerasOp("keras.src.ops.numpy", "Tanh"),
    onnx=lambda w, x, alpha: w.node("Tanh", x),
    c="tanhf(x)",
)
def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent of `x`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.tanh([0.0, 1.0]).round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return apply_activation("tanh", x)


@activation(
    lambda x, alpha: x / (1 + np.abs(x)),
    lambda x, alpha: (1 + np.abs(x)) ** -2.0,
    keras=KerasOp("keras.src.ops.nn", "Softsign"),
    onnx=lambda w, x, alpha: w.node("Div", x, w.node("Add", w.node("Abs", x), 1.0)),
    c="x / (1.0f + fabsf(x))",
)
def softsign(x: Any) -> Any:
    """Return ``x / (1 + |x|)``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.softsign([-1.0, 3.0])
    array([-0.5 ,  0.75], dtype=float32)
    """
    return apply_activation("softsign", x)


@activation(
    lambda x, alpha: (x >= 0) * 1.0,
    lambda x, alpha: np.zeros_like(x),
    kinks=lambda alpha: (0.0,),
    onnx=lambda w, x, alpha: w.cast(w.node("Not", w.node("Less", x, 0.0))),
    c="x >= 0.0f ? 1.0f : x < 0.0f ? 0.0f : x",
)
def heaviside(x: Any) -> Any:
    """Return 1 where `x` is not negative and 0 elsewhere: the step of a threshold logic unit.

    Its gradient is 0, so a layer with it cannot be trained by gradients.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.heaviside([-1.0, 0.0, 2.0])
    array([0., 1., 1.], dtype=float32)
    """
    return apply_activation("heaviside", x)


@activation(
    lambda x, alpha: np.sign(x),
    lambda x, alpha: np.zeros_like(x),
    kinks=lambda alpha: (0.0,),
    onnx=lambda w, x, alpha: w.node("Sign", x),
    c="x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x",
)
def sign(x: Any) -> Any:
    """Return -1, 0 or 1, the sign of `x`. Its gradient is 0.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.sign([-3.0, 0.0, 2.0])
    array([-1.,  0.,  1.], dtype=float32)
    """
    return apply_activation("sign", x)
