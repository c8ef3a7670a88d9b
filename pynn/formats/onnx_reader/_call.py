"""A node with the values of its inputs, and tables of what reads operators.

Of tensors, functions make layers where these have weights, and ops otherwise; of arrays, arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pynn import layers
from pynn.ops import Tensor

Read = Callable[["Call"], Any]


class Sizes(np.ndarray):
    """Sizes of a tensor, as whole numbers, in which -1 stands for the rows of the batch.

    They may be moved about, and be the shape that is asked for, and nothing else.
    """


class Call:
    """A node, and the values of its inputs.

    Attributes
    ----------
    inputs : list
        Tensors, arrays, `Sizes`, and None for what is left out.
    version : int
        Of the operators.
    dtype : str
        What the network computes in.
    rows : int or None
        The number of rows, if the file fixes it.
    bias_reader : (str, ndarray) or None
        The sum that adds an array to this product and is its only reader.
    absorbed : str or None
        The output of another node that this one's result is, too.
    """

    bias_reader: tuple[str, np.ndarray] | None = None
    rows: int | None = None
    absorbed: str | None = None

    def __init__(self, node: Any, inputs: list[Any], tensors: Any, version: int) -> None:
        self.inputs = inputs
        self.version = version
        self.dtype = tensors.dtype
        self._tensors = tensors
        self._attributes = {each.name: each for each in node.attribute}
        self.n_outputs = len(node.output)

    def __getitem__(self, i: int) -> Any:
        return self.inputs[i] if i < len(self.inputs) else None

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute's value."""
        from onnx import helper

        if name not in self._attributes:
            return default
        value = helper.get_attribute_value(self._attributes[name])
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if self._attributes[name].HasField("t"):
            return self._tensors.array(value)
        return value

    def tensor(self, i: int = 0) -> Any:
        """Return an input that is computed with: a tensor or an array."""
        value = self[i]
        if value is None:
            raise ValueError(f"its input {i} is missing")
        if isinstance(value, Sizes):
            raise ValueError("sizes of tensors are only used as shapes")
        return value

    def tensors(self) -> list[Any]:
        """Return all inputs, to be computed with."""
        values = [self.tensor(i) for i in range(len(self.inputs))]
        if not any(isinstance(value, Tensor) for value in values):
            shapes = [np.shape(value) for value in values]
            self.check_size(math.prod(np.broadcast_shapes(*shapes)))
        return values

    def constant(self, i: int, what: str) -> Any:
        """Return an input that has to be known, or None if it is left out."""
        value = self[i]
        if isinstance(value, Tensor):
            raise ValueError(f"its {what} must be constant")
        return value

    def axes(self, i: int = 1) -> list[int] | None:
        """Return axes, which are an input, or an attribute of earlier versions."""
        given = self.constant(i, "axes")
        given = self.attribute("axes") if given is None else given
        return None if given is None else [int(axis) for axis in np.ravel(given)]

    def check_size(self, size: int) -> None:
        """Refuse to compute a constant that is much larger than the file."""
        if size > self._tensors.budget:
            raise ValueError(f"it would make a constant of {size} numbers")


class Operators(dict[tuple[str, str], Read]):
    """What reads operators, by their domains and names."""

    def reads(self, *names: str, domain: str = "") -> Callable[[Read], Read]:
        """Return a decorator for what reads operators of these names."""

        def declare(function: Read) -> Read:
            for name in names:
                self[domain, name] = function
            return function

        return declare


def row_of(x: Tensor) -> tuple[int, ...]:
    """Return the shape of a tensor's rows."""
    return tuple(n for n in x.shape[1:] if n is not None)


def dense(call: Call, x: Tensor, kernel: np.ndarray, bias: np.ndarray | None) -> Any:
    """Return a dense layer on a tensor."""
    if x.shape[-1] != kernel.shape[0]:
        raise ValueError(f"rows of shape {x.shape[1:]} do not fit a matrix of {kernel.shape}")
    layer = layers.Dense(kernel.shape[1], use_bias=bias is not None, dtype=call.dtype)
    made = layer(x)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return made
