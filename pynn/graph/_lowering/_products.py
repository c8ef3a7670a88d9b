"""What products of a tensor and a kernel come to: matrices that groups of features go through.

``x @ kernel`` has one group in each row, or one for each place along the axes before the last, all
of which share the kernel. ``einsum`` may have a matrix of its own for each group.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pynn import _core
from pynn.graph._features import has_rows, row_shape
from pynn.ops import Node, Tensor, Weight


class Groups(NamedTuple):
    """The matrices of a product that is not one matrix for all features.

    Attributes
    ----------
    offsets : ndarray of int, shape (groups,)
        Where in the kernel's memory the matrix of each group begins, in numbers.
    input_step, output_step : int
        From one input, or output, of a matrix to the next in memory.
    order : ndarray of int or None
        The features of the tensor, group by group; None if that is how they stand.
    output_order : ndarray of int or None
        Which of the engine's outputs each entry of the result is; None if they are in order.
    """

    offsets: np.ndarray
    input_step: int
    output_step: int
    order: np.ndarray | None = None
    output_order: np.ndarray | None = None


class Product(NamedTuple):
    """A product as the engine computes it.

    Attributes
    ----------
    x : Tensor
    kernel : Weight or ndarray
    transposed : bool
        Whether `kernel` is read backwards, as what the groups' steps say it is already.
    outputs : int
        Of each group.
    groups : Groups or None
        None for one matrix that all features go through.
    """

    x: Tensor
    kernel: Any
    transposed: bool
    outputs: int
    groups: Groups | None = None

    def takes_bias(self, bias: Any) -> bool:
        """Whether the engine can add `bias` with it."""
        groups = self.groups
        if not isinstance(bias, Weight) or bias.ndim == 0:
            return False
        if bias.ndim == 2 and 1 not in (self.outputs, bias.view.strides[-1] // bias.view.itemsize):
            return False
        if groups is None:
            return bias.size == self.outputs
        in_order = groups.output_order is None
        return in_order and bias.size in (self.outputs, len(groups.offsets) * self.outputs)


def product_of(node: Node, transposed: dict[int, Weight]) -> Product | None:
    """Return the product that a node computes, or None if the engine has none like it.

    Parameters
    ----------
    node : Node
    transposed : dict
        Weights of which only the transpose is used, by the ``id`` of its tensor.
    """
    if node.op.name == "einsum":
        return _einsum(node)
    if node.op.name not in ("matmul", "dense") or len(node.inputs) < 2:
        return None
    x, kernel = node.inputs[:2]
    backwards = id(kernel) in transposed
    kernel = transposed.get(id(kernel), kernel)
    row = row_shape(x)
    if not isinstance(x, Tensor) or not has_rows(x) or not row or not _is_kernel(kernel):
        return None
    if kernel.ndim != 2 or kernel.shape[1 if backwards else 0] != row[-1]:
        return None
    outputs = kernel.shape[0 if backwards else 1]
    n_groups = math.prod(row[:-1])
    if n_groups == 1:
        return Product(x, kernel, backwards, outputs)
    steps = _steps(kernel)
    input_step, output_step = steps[::-1] if backwards else steps
    groups = Groups(np.zeros(n_groups, np.int64), input_step, output_step)
    return Product(x, kernel, backwards, outputs, groups)


def _is_kernel(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiub" and value.size > 0
    return isinstance(value, Weight)


def _steps(kernel: Any) -> tuple[int, ...]:
    """Return the distances, in numbers, of what follows one another along each axis of a kernel."""
    if not isinstance(kernel, Weight) and kernel.ndim == 2:  # as `Builder.variable` lays it
        view = _core.Variable(kernel.shape[1], kernel.shape[0]).view.T
    else:
        view = kernel.view if isinstance(kernel, Weight) else np.empty(kernel.shape)
    return tuple(n // view.itemsize for n in view.strides)


def _einsum(node: Node) -> Product | None:
    given, _, result = node.params["subscripts"].partition("->")
    labels = given.split(",")
    if len(labels) != 2:
        return None
    operands = list(zip(labels, node.inputs, strict=True))
    if not isinstance(operands[0][1], Tensor):
        operands.reverse()
    (x_labels, x), (kernel_labels, kernel) = operands
    row = row_shape(x)
    if not isinstance(x, Tensor) or not has_rows(x) or row is None or not _is_kernel(kernel):
        return None
    if not result or result[0] != x_labels[0] or x_labels[0] in kernel_labels:
        return None
    sizes = dict(zip(x_labels[1:], row, strict=True))
    steps = dict(zip(kernel_labels, _steps(kernel), strict=True))
    for label, size in zip(kernel_labels, kernel.shape, strict=True):
        if sizes.setdefault(label, size) != size:
            return None
    groups = [a for a in result[1:] if a in x_labels]
    outputs = [a for a in result[1:] if a not in x_labels]
    summed = sorted((a for a in x_labels[1:] if a not in groups), key=lambda a: -steps.get(a, 0))
    if set(summed) - set(kernel_labels) or set(kernel_labels) - {*summed, *result}:
        return None  # what only one of the two has is summed over
    input_step, output_step = _step(summed, sizes, steps), _step(outputs, sizes, steps)
    if input_step is None or output_step is None or 1 not in (input_step, output_step):
        return None
    offsets = np.zeros((), np.int64)
    for a in groups:
        offsets = np.add.outer(offsets, np.arange(sizes[a]) * steps.get(a, 0))
    order = _order(x_labels[1:], [*groups, *summed], sizes)
    transposed = len(kernel_labels) == 2 and [*kernel_labels] == [*outputs, *summed]
    matrix = math.prod(sizes[a] for a in summed), math.prod(sizes[a] for a in outputs)
    # A group of one feature may be an axis of the kernel, too.
    fits = kernel.shape == (matrix[::-1] if transposed else matrix)
    if fits and offsets.size == 1 and order is None:
        return Product(x, kernel, transposed, matrix[1])
    output_order = _order([*groups, *outputs], result[1:], sizes)
    found = Groups(offsets.ravel(), input_step, output_step, order, output_order)
    return Product(x, kernel, transposed, matrix[1], found)


def _step(labels: Sequence[str], sizes: dict[str, int], steps: dict[str, int]) -> int | None:
    """Return the distance of what follows one another along several axes, None if it varies."""
    for a, b in zip(labels, labels[1:], strict=False):
        if steps[a] != steps[b] * sizes[b]:
            return None
    return steps[labels[-1]] if math.prod(sizes[a] for a in labels) > 1 else 1


def _order(given: Sequence[str], wanted: Sequence[str], sizes: dict[str, int]) -> np.ndarray | None:
    """Return the features, laid along the axes `given`, in the order of `wanted`."""
    if [*given] == [*wanted]:
        return None
    numbers = np.arange(math.prod(sizes[a] for a in given)).reshape([sizes[a] for a in given])
    return numbers.transpose([[*given].index(a) for a in wanted]).ravel()
