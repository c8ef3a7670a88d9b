"""`Maximum`: the largest of several inputs."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._merge import Merge


class Maximum(Merge):
    """Return the largest of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Maximum()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 20.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the largest."""
        return ops.merge_maximum(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Maximum` layer, made with `kwargs`, on `inputs`."""
    return Maximum(**kwargs)(inputs)
