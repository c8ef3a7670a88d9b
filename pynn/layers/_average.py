"""`Average`: the mean of several inputs."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._merge import Merge


class Average(Merge):
    """Return the mean of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Average()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ 5.5, 11. ]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the mean."""
        return ops.merge_average(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Average` layer, made with `kwargs`, on `inputs`."""
    return Average(**kwargs)(inputs)
