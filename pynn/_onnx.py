"""`OnnxWriter`: what the ONNX forms of ops are written with, and `OnnxForm`, such a form.

Truth values and whole numbers are numbers: everything is of the one type that a network computes
in. Where the nodes go is not known here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# ONNX's numbers of types, by NumPy's names.
ONNX_TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "str": 8,
    "bool": 9,
    "float16": 10,
    "float64": 11,
    "uint32": 12,
    "uint64": 13,
}


class OnnxWriter(ABC):
    """Where nodes go. Names stand for tensors; numbers and arrays become constants.

    Parameters
    ----------
    dtype : str
        What the network computes in.
    opset : int
        The version of ONNX's operators.

    Attributes
    ----------
    shapes : dict of str to tuple
        Of the tensors that have been written, by name; None stands for the batch's rows.
    """

    def __init__(self, dtype: Any, opset: int) -> None:
        self.dtype = np.dtype(dtype)
        self.opset = opset
        self.shapes: dict[str, tuple[int | None, ...]] = {}

    def constant(self, array: np.ndarray) -> str:
        """Return the name of an array of numbers or texts, in its own type."""
        array = np.asarray(array)
        if array.dtype.kind in "OU":
            texts = [str(text).encode() for text in array.ravel().tolist()]
            return self.add_constant(ONNX_TYPES["str"], array.shape, texts)
        return self.add_constant(ONNX_TYPES[array.dtype.name], array.shape, array.ravel())

    @abstractmethod
    def add_constant(self, kind: int, shape: tuple[int, ...], values: Any) -> str:
        """Add a constant of ONNX's type, and return its name.

        Parameters
        ----------
        kind : int
        shape : tuple of int
        values : ndarray or list of bytes
            Numbers or texts, as a vector.
        """

    @abstractmethod
    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int = 1,
        output: str | None = None,
        **attributes: Any,
    ) -> list[str]:
        """Add a node and return the names of its outputs, the first of which is `output`."""

    def node(
        self, operator: str, *inputs: Any, output: str | None = None, **attributes: Any
    ) -> str:
        """Add a node with one output, and return its name."""
        return self.add(operator, [self.name_of(x) for x in inputs], output=output, **attributes)[0]

    def name_of(self, value: Any) -> str:
        """Return a name, or that of a constant in the type that the network computes in."""
        if isinstance(value, str):
            return value
        name = self.constant(np.asarray(value, self.dtype))
        self.shapes[name] = np.shape(value)
        return name

    def integers(self, values: Any) -> str:
        """Return the name of whole numbers: a shape, axes or places."""
        return self.constant(np.asarray(values, np.int64))

    def shape_of(self, value: Any) -> tuple[int | None, ...]:
        """Return the shape of what has a name, or of an array."""
        return self.shapes[value] if isinstance(value, str) else np.shape(value)

    def cast(self, x: str) -> str:
        """Return `x` in the type that the network computes in."""
        return self.cast_to(x, self.dtype.name)

    def cast_to(self, x: str, dtype: str) -> str:
        """Return `x` in another type, of which this is NumPy's name."""
        return self.node("Cast", x, to=ONNX_TYPES[dtype])

    def whole(self, x: Any) -> str:
        """Return `x` as int64."""
        if not isinstance(x, str):
            return self.integers(x)
        return self.cast_to(x, "int64")

    def truth(self, x: Any) -> str:
        """Return where `x` is not 0, as ONNX's truth values."""
        return self.node("Not", self.node("Equal", x, 0.0))

    def in_float(self, operator: str, x: Any) -> str:
        """Return a function of `x` that ONNX Runtime computes in float32 alone."""
        single = self.cast_to(self.name_of(x), "float32")
        return self.cast(self.add(operator, [single])[0])

    def erf(self, x: Any) -> str:
        """Return the error function of `x`, in float: ONNX Runtime has no other."""
        return self.in_float("Erf", x)

    def reduce(self, operator: str, x: Any, axis: Any, keepdims: bool) -> str:
        """Return a reduction along `axis`, None for all axes."""
        given = [self.name_of(x)]
        options: dict[str, Any] = {"keepdims": int(keepdims)}
        if axis is not None:
            axes = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
            if not axes:
                return given[0]
            # Axes have become an input, of the sum with version 13 and of the others with 18.
            if operator == "ReduceSum" or self.opset >= 18:
                given.append(self.integers(axes))
            else:
                options["axes"] = [int(axis) for axis in axes]
        return self.add(operator, given, **options)[0]

    def ordered(self, x: Any, axis: int) -> list[str]:
        """Return the entries, ascending along `axis`, and as int64 the places that they had."""
        x = self.name_of(x)
        length: Any = self.shape_of(x)[axis]
        if length is None:
            sizes = self.node("Shape", x)
            length = self.node("Gather", sizes, self.integers([axis]))
        else:
            length = self.integers([length])
        return self.add("TopK", [x, length], 2, axis=axis, largest=0)

    def full(self, shape: Sequence[int | None], fill: float) -> str:
        """Return one number for each row of the batch, in that shape."""
        rows_of = next(name for name, known in self.shapes.items() if known[:1] == (None,))
        first, second = self.integers([0]), self.integers([1])
        rows = self.node("Slice", self.node("Shape", rows_of), first, second)
        sizes = self.node("Concat", rows, self.integers(list(shape[1:])), axis=0)
        return self.node("Expand", np.full((1,) * len(shape), fill), sizes)

    def filled(self, x: Any, fill: float) -> str:
        """Return one number in the shape of `x`."""
        shape = self.node("Shape", x)
        return self.node("Expand", np.full((1,) * len(self.shape_of(x)), fill), shape)


# ``(writer, *inputs, **params of the op)`` to the name of the value; or the name of the operator
# that does the same with the same inputs.
OnnxForm = str | Callable[..., str]
