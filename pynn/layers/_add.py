"""`Add`: the sum of several inputs."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._merge import Merge


class Add(Merge):
    """Return the sum of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[11., 22.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the sum."""
        return ops.merge_add(inputs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Add` layer, made with `kwargs`, on `inputs`."""
    return Add(**kwargs)(inputs)
