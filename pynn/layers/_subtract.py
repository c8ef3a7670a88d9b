"""`Subtract`: the difference of two inputs."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._merge import Merge


class Subtract(Merge):
    """Return the first of two inputs less the second, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Subtract()([np.array([[5.0, 5.0]]), np.array([[1.0, 2.0]])])
    array([[4., 3.]], dtype=float32)
    """

    least = most = 2

    def merge(self, inputs: list[Any]) -> Any:
        """Return the difference."""
        return ops.subtract(inputs[0], inputs[1])


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Subtract` layer, made with `kwargs`, on `inputs`."""
    return Subtract(**kwargs)(inputs)
