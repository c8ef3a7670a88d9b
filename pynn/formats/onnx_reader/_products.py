"""Products and normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import layers, ops
from pynn.formats.onnx_reader._call import Call, Operators, dense
from pynn.ops import Tensor

OPERATORS = Operators()


@OPERATORS.reads("MatMul")
def _matmul(call: Call) -> Any:
    x, kernel = call.tensor(), call.tensor(1)
    if isinstance(x, Tensor) and isinstance(kernel, np.ndarray) and kernel.ndim == 2:
        bias = None
        if call.bias_reader is not None:
            name, found = call.bias_reader
            if np.ndim(found) <= len(x.shape) and _is_bias(found, kernel):
                call.absorbed, bias = name, np.ravel(found)
        return dense(call, x, kernel, bias)
    return _product(call, x, kernel)


def _is_bias(array: np.ndarray, kernel: np.ndarray) -> bool:
    """Return whether an array has one number for each column of a product."""
    columns = kernel.shape[1]
    return array.size == columns and array.shape[-1:] in ((columns,), ())


def _product(call: Call, a: Any, b: Any) -> Any:
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return ops.matmul(a, b)
    if a.ndim > 2 or b.ndim > 2:
        raise ValueError("constants of more than two axes are not multiplied")
    rows = a.shape[0] if a.ndim == 2 else 1
    call.check_size(rows * (b.shape[-1] if b.ndim == 2 else 1))
    return np.matmul(a, b)


@OPERATORS.reads("Gemm")
def _gemm(call: Call) -> Any:
    a, b, c = call.tensor(), call.tensor(1), call[2]
    alpha, beta = float(call.attribute("alpha", 1.0)), float(call.attribute("beta", 1.0))
    if call.attribute("transA", 0):
        a = ops.transpose(a)
    if call.attribute("transB", 0):
        b = ops.transpose(b)
    if isinstance(a, Tensor) and isinstance(b, np.ndarray):
        kernel = b if alpha == 1.0 else b * np.asarray(alpha, b.dtype)
        if c is None:
            return dense(call, a, kernel, None)
        if isinstance(c, np.ndarray):
            c, beta = (c if beta == 1.0 else c * np.asarray(beta, c.dtype)), 1.0
            if c.size == 1 or _is_bias(c, kernel):
                return dense(call, a, kernel, np.broadcast_to(np.ravel(c), kernel.shape[1:]))
        return ops.add(dense(call, a, kernel, None), c if beta == 1.0 else ops.multiply(c, beta))
    product = _product(call, a, b)
    product = product if alpha == 1.0 else ops.multiply(product, alpha)
    if c is None:
        return product
    return ops.add(product, c if beta == 1.0 else ops.multiply(c, beta))


@OPERATORS.reads("Einsum")
def _einsum(call: Call) -> Any:
    values = call.tensors() if any(isinstance(x, Tensor) for x in call.inputs) else None
    if values is None:
        raise ValueError("of constants it is not read")
    return ops.einsum(call.attribute("equation"), *values)


@OPERATORS.reads("BatchNormalization")
def _batch_normalization(call: Call) -> Any:
    if call.attribute("training_mode", 0) or call.n_outputs > 1 and call.version >= 14:
        raise ValueError("it must be in inference mode")
    x = call.tensor()
    gamma, beta, mean, variance = (call.constant(i, "numbers") for i in range(1, 5))
    axis = 1 if len(ops.shape(x)) > 2 else -1
    epsilon = float(call.attribute("epsilon", 1e-5))
    layer = layers.BatchNormalization(axis=axis, epsilon=epsilon, dtype=call.dtype)
    made = layer(x)
    layer.set_weights([gamma, beta, mean, variance])
    return made


@OPERATORS.reads("LayerNormalization")
def _layer_normalization(call: Call) -> Any:
    return _normalized(call, call.tensor(), call[1], call[2])


def _normalized(call: Call, x: Any, gamma: Any, beta: Any) -> Any:
    rank = len(ops.shape(x))
    first = int(call.attribute("axis", -1)) % rank
    if first == 0:
        raise ValueError("it normalizes over rows of the batch")
    axes = list(range(first, rank))
    sizes = tuple(ops.shape(x)[axis] for axis in axes)
    epsilon = float(call.attribute("epsilon", 1e-5))
    given = [value for value in (gamma, beta) if value is not None]
    if isinstance(x, Tensor) and all(np.shape(value) == sizes for value in given):
        layer = layers.LayerNormalization(
            axis=axes, epsilon=epsilon, scale=gamma is not None, center=beta is not None,
            dtype=call.dtype,
        )  # fmt: skip
        made = layer(x)
        layer.set_weights(given)
        return made
    return ops.layer_normalization(x, gamma, beta, axes, epsilon)


@OPERATORS.reads("RMSNormalization")
def _rms_normalization(call: Call) -> Any:
    x = call.tensor()
    rank = len(ops.shape(x))
    axes = list(range(int(call.attribute("axis", -1)) % rank, rank))
    if 0 in axes:
        raise ValueError("it normalizes over rows of the batch")
    return ops.rms_normalization(x, call[1], axes, float(call.attribute("epsilon", 1e-5)))


@OPERATORS.reads("LpNormalization")
def _lp_normalization(call: Call) -> Any:
    x, axis = call.tensor(), int(call.attribute("axis", -1))
    if int(call.attribute("p", 2)) == 1:
        size = ops.sum(ops.absolute(x), axis, True)
    else:
        size = ops.sqrt(ops.sum(ops.square(x), axis, True))
    return ops.divide(x, ops.where(ops.equal(size, 0.0), 1.0, size))
