"""`LeakyReLU`: the rectifier with a slope on the negative side."""

from __future__ import annotations

import warnings
from typing import Any

from pynn import ops
from pynn._number_checks import is_number
from pynn.layers._layer import Layer


class LeakyReLU(Layer):
    """Return `x` where it is positive and ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float, default=0.3
        Called ``alpha`` in older code, which is accepted with a warning.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If the slope is negative or None.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.LeakyReLU(negative_slope=0.5)([[-2.0, 1.0]])
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn(
                "LeakyReLU's argument alpha is now called negative_slope",
                FutureWarning,
                stacklevel=2,
            )
        super().__init__(**kwargs)
        if not is_number(negative_slope) or not negative_slope >= 0:
            raise ValueError(
                f"negative_slope must not be negative. Received: negative_slope={negative_slope!r}"
            )
        self.negative_slope = float(negative_slope)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return ops.apply_activation("leaky_relu", inputs, alpha=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "negative_slope": self.negative_slope}
