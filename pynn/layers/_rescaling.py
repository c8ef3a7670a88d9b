"""`Rescaling`: a fixed factor and offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import ops
from pynn.layers._layer import Layer


class Rescaling(Layer):
    """Return ``inputs * scale + offset``.

    Parameters
    ----------
    scale : float or array of float
        ``1 / 255`` brings bytes to [0, 1].
    offset : float or array of float, default=0.0
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Rescaling(0.5, offset=-1.0)(np.array([[0, 1, 4]], dtype="uint8"))
    array([[-1. , -0.5,  1. ]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _plain(scale)
        self.offset = _plain(offset)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the rescaled inputs, as floats."""
        scale, offset = (
            value if isinstance(value, float) else np.asarray(value, self.dtype)
            for value in (self.scale, self.offset)
        )
        return ops.cast(inputs, self.dtype) * scale + offset

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def _plain(value: Any) -> Any:
    array = np.asarray(value, np.float64)
    return float(array) if array.ndim == 0 else array.tolist()
