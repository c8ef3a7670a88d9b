"""`Flatten`: rows of any shape to flat rows."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._layer import Layer


class Flatten(Layer):
    """Turn each row into a vector. In a model this costs nothing.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, default=None
        With the latter the second axis of the batch becomes the last one before.
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
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                "data_format must be 'channels_last', 'channels_first' or None. Received: "
                f"data_format={data_format!r}"
            )
        self.data_format = data_format or "channels_last"
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return `inputs` with shape (batch, entries of a row)."""
        rank = ops.ndim(inputs)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        return ops.reshape_rows(inputs, (-1,))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "data_format": self.data_format}
