"""`Softmax`: inputs to probabilities."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from pynn import ops
from pynn.layers._layer import Layer
from pynn.layers._moved_axes import with_axes_last


class Softmax(Layer):
    """Return ``exp(x)`` divided by its sum along an axis, or along several together.

    Parameters
    ----------
    axis : int or list of int, default=-1
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.Softmax()([[1.0, 1.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, Sequence) else operator.index(axis)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the probabilities."""
        rank = ops.ndim(inputs)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        axes = [axis % rank for axis in axes]
        if len(axes) > 1:
            inputs = ops.cast(inputs, self.dtype)
            return ops.exp(inputs - ops.logsumexp(inputs, axis=tuple(axes), keepdims=True))
        return with_axes_last(ops.softmax, inputs, axes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "axis": self.axis}
