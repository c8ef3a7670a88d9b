"""`Concatenate`: inputs side by side."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._merge import Merge


class Concatenate(Merge):
    """Put a list of inputs side by side.

    Parameters
    ----------
    axis : int, default=-1
        The axis along which they are put, not the batch's.
    **kwargs
        ``name`` of `Layer`.

    Raises
    ------
    ValueError
        When called, if the other axes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])])
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if axis == 0:
            raise ValueError("axis must not be the batch's. Received: axis=0")
        self.axis = axis

    def merge(self, inputs: list[Any]) -> Any:
        """Return the inputs as one."""
        return ops.concatenate(inputs, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Call a new `Concatenate` layer, made with `axis` and `kwargs`, on `inputs`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
