"""`Minimum`: the smallest of several inputs."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._merge import Merge


class Minimum(Merge):
    """Return the smallest of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Minimum()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[1., 2.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the smallest."""
        return ops.merge_minimum(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Minimum` layer, made with `kwargs`, on `inputs`."""
    return Minimum(**kwargs)(inputs)
