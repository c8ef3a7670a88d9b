"""`Flatten`: rows of any shape to flat rows."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._layer import Layer


class Flatten(Layer):
    """Turn each row into a vector. In a model this costs nothing.

    Parameters
    ----------
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Flatten()(np.zeros((2, 28, 28))).shape
    (2, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return `inputs` with shape (batch, entries of a row)."""
        return ops.reshape_rows(inputs, (-1,))
