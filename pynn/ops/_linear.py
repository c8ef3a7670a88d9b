"""Products: `matmul`, `dot` and the affine map of a dense layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._onnx import OnnxWriter
from pynn._shape_rules import broadcast, unbroadcast
from pynn._tensor import Op, Shape, apply, shape_of
from pynn.ops._elementwise import multiply
from pynn.ops._reductions import sum

__all__ = [
    "dense",
    "dot",
    "matmul",
    "vdot",
]


def _matmul_shape(a: Shape, b: Shape) -> Shape:
    if len(a) < 1 or len(b) < 1:
        raise ValueError(f"a matrix product needs vectors or matrices. Received: {a}, {b}")
    inner_a, inner_b = a[-1], b[-2] if len(b) > 1 else b[0]
    if inner_a != inner_b and None not in (inner_a, inner_b):
        raise ValueError(f"the shapes {a} and {b} have no matrix product: {inner_a} != {inner_b}")
    if len(a) == 1 or len(b) == 1:
        return (*a[:-1], *(b[:-2] + b[-1:] if len(b) > 1 else ()))
    return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])


def _matmul_backward(grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    a2 = np.expand_dims(a, 0) if a.ndim == 1 else a
    b2 = np.expand_dims(b, 1) if b.ndim == 1 else b
    if a.ndim == 1:
        grad = np.expand_dims(grad, -2 if b.ndim > 1 else -1)
    if b.ndim == 1:
        grad = np.expand_dims(grad, -1)
    grad_a = unbroadcast(grad @ np.swapaxes(b2, -1, -2), a2)
    grad_b = unbroadcast(np.swapaxes(a2, -1, -2) @ grad, b2)
    if a.ndim == 1:
        grad_a = grad_a.reshape(a.shape)
    return grad_a, grad_b.reshape(b.shape) if b.ndim == 1 else grad_b


MATMUL = Op("matmul", np.matmul, _matmul_backward, _matmul_shape, onnx="MatMul")


def _dense_forward(x: Any, kernel: Any, bias: Any = None) -> np.ndarray:
    out = np.matmul(np.asarray(x, kernel.dtype), kernel)
    return out if bias is None else out + bias


def _dense_backward(grad: Any, out: Any, x: Any, kernel: Any, bias: Any = None) -> tuple[Any, ...]:
    rows = grad if grad.ndim == 2 else grad.reshape(-1, grad.shape[-1])
    grad_x = grad @ kernel.T
    x = x if x.dtype == kernel.dtype else x.astype(kernel.dtype)
    grad_kernel = (x if x.ndim == 2 else x.reshape(-1, x.shape[-1])).T @ rows
    return (grad_x, grad_kernel) if bias is None else (grad_x, grad_kernel, rows.sum(axis=0))


def _dense_shape(x: Shape, kernel: Shape, bias: Shape = ()) -> Shape:
    return (*x[:-1], kernel[-1])


def _dense_in_onnx(w: OnnxWriter, x: str, kernel: Any, bias: Any = None) -> str:
    product = w.node("MatMul", x, kernel)
    return product if bias is None else w.node("Add", product, bias)


DENSE = Op("dense", _dense_forward, _dense_backward, _dense_shape, onnx=_dense_in_onnx)


def matmul(x1: Any, x2: Any) -> Any:
    """Return the matrix product, with NumPy's rules for vectors and leading axes.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]])
    """
    return apply(MATMUL, x1, x2)


def dense(x: Any, kernel: Any, bias: Any = None) -> Any:
    """Return ``x @ kernel + bias``.

    Parameters
    ----------
    x : tensor or array, shape (..., fan_in)
    kernel : weight or array, shape (fan_in, fan_out)
    bias : weight or array, shape (fan_out,), default=None

    Returns
    -------
    tensor or array, shape (..., fan_out)
    """
    inputs = (x, kernel) if bias is None else (x, kernel, bias)
    return apply(DENSE, *inputs)


def dot(x1: Any, x2: Any) -> Any:
    """Return `matmul`, or the product where one side is a plain number.

    Raises
    ------
    ValueError
        If both have axes and `x2` more than two: NumPy's sum over its second last is not here.
    """
    if shape_of(x1) == () or shape_of(x2) == ():
        return multiply(x1, x2)
    if len(shape_of(x2)) > 2:
        raise ValueError(
            f"dot takes vectors or a matrix as x2; matmul takes more axes. "
            f"Received: shapes {shape_of(x1)}, {shape_of(x2)}"
        )
    return matmul(x1, x2)


def vdot(x1: Any, x2: Any) -> Any:
    """Return the sum of all products of entries, the batch's axis included."""
    return sum(multiply(x1, x2))
