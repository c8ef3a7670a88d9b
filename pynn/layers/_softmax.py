"""`Softmax`: inputs to probabilities."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._layer import Layer


class Softmax(Layer):
    """Return ``exp(x)`` divided by its sum along an axis.

    Parameters
    ----------
    axis : int, default=-1
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.Softmax()([[1.0, 1.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the probabilities."""
        last = ops.ndim(inputs) - 1
        axis = self.axis % (last + 1)
        if axis == last:
            return ops.apply_activation("softmax", inputs)
        order = [*[i for i in range(last + 1) if i != axis], axis]
        moved = ops.apply_activation("softmax", ops.transpose(inputs, order))
        return ops.transpose(moved, [order.index(i) for i in range(last + 1)])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "axis": self.axis}
