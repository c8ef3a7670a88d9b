"""`ReLU`: the rectifier as a layer, with a slope, a ceiling and a threshold."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._layer import Layer


class ReLU(Layer):
    """Return ``max(x, 0)``, or one of its variants.

    Parameters
    ----------
    max_value : float, default=None
        Ceiling of the output.
    negative_slope : float, default=0.0
        Slope below the threshold.
    threshold : float, default=0.0
        Where the rectifier begins.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If one of the three is negative.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.ReLU(max_value=3.0)([[-1.0, 2.0, 5.0]])
    array([[0., 2., 3.]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (
            ("max_value", max_value),
            ("negative_slope", negative_slope),
            ("threshold", threshold),
        ):
            if (value is None and name != "max_value") or (value is not None and not value >= 0):
                raise ValueError(f"{name} must not be negative. Received: {name}={value!r}")
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the rectified inputs."""
        plain = self.negative_slope == 0 and self.threshold == 0
        if plain and self.max_value == 6:
            return ops.apply_activation("relu6", inputs)
        if self.threshold == 0:
            outputs = (
                ops.apply_activation("relu", inputs)
                if plain
                else ops.apply_activation("leaky_relu", inputs, alpha=self.negative_slope)
            )
        else:
            below = ops.multiply(ops.subtract(inputs, self.threshold), self.negative_slope)
            outputs = ops.where(ops.greater_equal(inputs, self.threshold), inputs, below)
        return outputs if self.max_value is None else ops.minimum(outputs, self.max_value)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
