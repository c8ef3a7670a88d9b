"""Softmax and its logarithm, which look at all numbers along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _namespace
from pynn._activation_op import KerasOp, apply_activation
from pynn._user_warning import warn_user
from pynn.activations._declaration import activation

__all__ = ["log_softmax", "softmax"]


@activation(
    gradient=lambda grad, out: out * (grad - (grad * out).sum(axis=-1, keepdims=True)),
    keras=KerasOp("keras.src.ops.nn", "Softmax", None, {"axis": -1}),
    onnx=lambda w, x, alpha: w.node("Softmax", x, axis=-1),
)
def softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """Return ``exp(x)`` made to sum to 1 along `axis`.

    Parameters
    ----------
    x : array-like or tensor
    axis : int or sequence of int, default=-1
        Of several axes together. One of size 1 is warned of: the result is 1 everywhere.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.softmax([[0.0, 0.0], [0.0, 1.0]]).round(4)
    array([[0.5   , 0.5   ],
           [0.2689, 0.7311]], dtype=float32)
    """
    shape = getattr(x, "shape", ())
    if isinstance(axis, int) and -len(shape) <= axis < len(shape) and shape[axis] == 1:
        warn_user(
            f"a softmax over axis {axis} of a tensor of shape {shape}, where that axis has size 1, "
            "is 1 whatever the tensor holds. Use sigmoid for a single output"
        )
    return _along("softmax", x, axis)


@activation(
    gradient=lambda grad, out: grad - np.exp(out) * grad.sum(axis=-1, keepdims=True),
    keras=KerasOp("keras.src.ops.nn", "LogSoftmax", None, {"axis": -1}),
    onnx=lambda w, x, alpha: w.node("LogSoftmax", x, axis=-1),
)
def log_softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """Return the logarithm of `softmax`.

    Parameters
    ----------
    x : array-like or tensor
    axis : int or sequence of int, default=-1
        Of several axes together.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.log_softmax([0.0, 0.0]).round(4)
    array([-0.6931, -0.6931], dtype=float32)
    """
    return _along("log_softmax", x, axis)


def _along(name: str, x: Any, axis: int | Sequence[int]) -> Any:
    if axis == -1:
        return apply_activation(name, x)
    if not _namespace.is_tensor(x):
        x = _namespace.to_float_array(x)
    xp = _namespace.namespace(x)
    if isinstance(axis, Sequence):
        together = tuple(axis)
        shifted = x - xp.max(x, axis=together, keepdims=True)
        logarithm = shifted - xp.log(xp.sum(xp.exp(shifted), axis=together, keepdims=True))
        return xp.exp(logarithm) if name == "softmax" else logarithm
    axes = list(range(len(x.shape)))
    axes[axis], axes[-1] = axes[-1], axes[axis]  # a swap, which undoes itself
    return xp.transpose(apply_activation(name, xp.transpose(x, axes)), axes)
