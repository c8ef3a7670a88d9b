"""`EinsumDense`: a fully connected layer along any axes, or one for each place along an axis."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from pynn import activations, constraints, initializers, ops, regularizers
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["EinsumDense"]

_EQUATION = re.compile(r"(\.{3})?([a-zA-Z]+)(\.{3})?,([a-zA-Z]+)->(\.{3})?([a-zA-Z]+)(\.{3})?")


@registry.add(example={"equation": "...i,io->...o", "output_shape": 3})
class EinsumDense(Layer):
    """``activation(einsum(equation, inputs, kernel) + bias)``.

    Parameters
    ----------
    equation : str
        ``"ab,bc->ac"``, ``"...ab,bc->...ac"`` or ``"ab...,bc->ac..."``, with labels of one's own.
        ``"...i,io->...o"`` is `Dense`; ``"bgi,gio->bgo"`` has a matrix of its own for each g.
    output_shape : int or sequence of int or None
        Shape of the output without the batch and without what an ellipsis stands for. None stands
        for a size that the input has, too.
    activation : str or callable, default=None
    bias_axes : str, default=None
        The axes of the output, by their labels, along which the bias varies. None: no bias.
    kernel_initializer : initializer, default="glorot_uniform"
        Where it goes by the numbers of inputs and outputs, these are the kernel's axes that the
        output lacks, and those that it has.
    bias_initializer : initializer, default="zeros"
    kernel_regularizer, bias_regularizer : regularizer, default=None
    kernel_constraint, bias_constraint : constraint, default=None
    **kwargs
        See `Layer`.

    Attributes
    ----------
    kernel : Weight
    bias : Weight, or None

    Raises
    ------
    ValueError
        If the equation is of another form, or does not fit the shapes.

    Examples
    --------
    Sixteen numbers to three, by a matrix for each of five columns:

    >>> import numpy as np
    >>> from pynn import layers
    >>> layer = layers.EinsumDense("bgi,gio->bgo", output_shape=(None, 3), bias_axes="go")
    >>> layer(np.ones((2, 5, 16), dtype="float32")).shape
    (2, 5, 3)
    >>> layer.kernel.shape, layer.bias.shape
    ((5, 16, 3), (5, 3))
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        self._labels = _parsed(equation)
        is_one = output_shape is None or isinstance(output_shape, (int, np.integer))
        self.output_shape = (output_shape,) if is_one else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias for inputs of that shape."""
        given, of_kernel, of_output, is_left = self._labels
        sizes = self._sizes(tuple(input_shape))
        missing = [a for a in of_kernel if sizes.get(a) is None]
        if missing:
            raise ValueError(
                f"layer {self.name!r} needs a known size of each axis of its kernel. Received: "
                f"equation={self.equation!r}, input_shape={input_shape}, nothing for {missing}"
            )
        self.kernel = self.add_weight(
            shape=tuple(sizes[a] for a in of_kernel),
            initializer=self._initializer(sizes),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.bias_axes is not None:
            unknown = set(self.bias_axes) - set(of_output)
            if unknown or not self.bias_axes:
                raise ValueError(
                    f"bias_axes must be labels of the output. Received: "
                    f"bias_axes={self.bias_axes!r} for equation={self.equation!r}"
                )
            first = min(of_output.index(a) for a in self.bias_axes)
            shape = [sizes[a] if a in self.bias_axes else 1 for a in of_output[first:]]
            if not is_left:
                shape += [1] * (len(input_shape) - len(given))
            self.bias = self.add_weight(
                shape=tuple(shape),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.built = True

    def _sizes(self, input_shape: tuple[int | None, ...]) -> dict[str, int | None]:
        """Return the size of each label."""
        given, of_kernel, of_output, is_left = self._labels
        elided = len(input_shape) - len(given)
        if elided < 0 or (elided and "..." not in self.equation):
            raise ValueError(
                f"layer {self.name!r} takes inputs with the axes of {self.equation!r}. "
                f"Received: input_shape={input_shape}"
            )
        shape = input_shape[elided:] if is_left else input_shape[: len(given)]
        sizes: dict[str, int | None] = dict(zip(given, shape, strict=True))
        begins = 0 if is_left and elided else 1  # the batch has a label, or is in the ellipsis
        wanted = of_output[begins:]
        if len(wanted) != len(self.output_shape):
            raise ValueError(
                f"output_shape must have a size for each of {wanted!r}. Received: "
                f"output_shape={self.output_shape}"
            )
        for label, size in zip(wanted, self.output_shape, strict=True):
            known = sizes.setdefault(label, size)
            if size is not None and known not in (None, size):
                raise ValueError(
                    f"the axis {label!r} of layer {self.name!r} has {known} entries in the input. "
                    f"Received: output_shape={self.output_shape}"
                )
            if known is None:
                sizes[label] = size
        return sizes

    def _initializer(self, sizes: dict[str, Any]) -> Any:
        initializer = self.kernel_initializer
        if not isinstance(initializer, initializers.VarianceScaling):
            return initializer
        _, of_kernel, of_output, _ = self._labels
        fan_in = math.prod(sizes[a] for a in of_kernel if a not in of_output)
        fan_out = math.prod(sizes[a] for a in of_kernel if a in of_output)
        return lambda shape, dtype=None: np.reshape(initializer((fan_in, fan_out), dtype), shape)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return the activation of the sum of products."""
        outputs = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)


def _parsed(equation: Any) -> tuple[str, str, str, bool]:
    """Return the labels of input, kernel and output, and whether an ellipsis comes before them."""
    match = _EQUATION.fullmatch(equation.replace(" ", "")) if isinstance(equation, str) else None
    if match is not None:
        before, given, after, of_kernel, out_before, of_output, out_after = match.groups()
        lost = set(of_kernel) - set(given) - set(of_output)
        unknown = set(of_output) - set(given) - set(of_kernel)
        same = (before, after) == (out_before, out_after) and not (before and after)
        if same and not lost and not unknown:
            return given, of_kernel, of_output, before is not None
    raise ValueError(
        "equation must be of the form 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...', where "
        f"each label of the kernel is one of the input or the output. Received: "
        f"equation={equation!r}"
    )
