"""`Multiply`: the product of several inputs."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._merge import Merge


class Multiply(Merge):
    """Return the product of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 40.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the product."""
        return ops.merge_multiply(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Multiply` layer, made with `kwargs`, on `inputs`."""
    return Multiply(**kwargs)(inputs)
