"""`Identity`: the input as it is."""

from __future__ import annotations

from typing import Any

from pynn.layers._layer import Layer


class Identity(Layer):
    """Return the input as it is, for a place that wants a layer.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.Identity()([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return `inputs`."""
        return inputs
