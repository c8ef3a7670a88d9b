"""Rules for matrix products, and for the sums that add a bias to one."""

from __future__ import annotations

from typing import Any

from pynn import _core
from pynn.graph._features import has_rows
from pynn.graph._lowering._builder import Builder
from pynn.ops import Node, Tensor, Weight


def dense(builder: Builder, node: Node) -> int | None:
    x, kernel, *bias = node.inputs
    if not isinstance(x, Tensor) or len(x.shape) != 2 or not has_rows(x):
        return None
    if not builder.analysis.is_kernel(kernel) or not all(
        isinstance(weight, Weight) for weight in bias
    ):
        return None
    return _product(builder, x, kernel, *bias)


def biased_sum(builder: Builder, node: Node) -> int | None:
    if id(node) not in builder.analysis.biases:
        return None
    return _product(builder, *builder.analysis.biases[id(node)])


def _product(builder: Builder, x: Tensor, kernel: Any, *bias: Weight) -> int:
    """Append a matrix product with a weight, the transpose of one, or an array."""
    transposed = builder.analysis.transposed.get(id(kernel))
    weight = kernel if transposed is None else transposed
    if isinstance(weight, Weight):
        matrix = weight._variable
    else:
        matrix = _core.Variable(weight.shape[1], weight.shape[0], builder.dtype)
        matrix.view[...] = weight.T
    variables = [matrix, *(vector._variable for vector in bias)]
    params = {"transposed": float(transposed is not None)}
    return builder.graph.add("dense", [builder.node(x)], variables, params)
