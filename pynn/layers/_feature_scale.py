"""`FeatureScale`: a factor for each feature, which is learned."""

from __future__ import annotations

from typing import Any

from pynn import initializers
from pynn._number_checks import checked_size
from pynn.layers._config import registry
from pynn.layers._input_spec import InputSpec
from pynn.layers._layer import Layer

__all__ = ["FeatureScale"]


@registry.add(keras=False)
class FeatureScale(Layer):
    """Multiply each feature by a weight of its own.

    In front of a network, it learns how much each feature counts.

    Parameters
    ----------
    initializer : initializer, default="ones"
    axes : int, default=1
        The last axes of inputs, along which factors differ: with 2, inputs of shape (batch,
        members, features) have factors of each member.
    **kwargs
        ``name``, ``dtype``, ``input_shape`` and ``learning_rate_factors`` of `Layer`.

    Attributes
    ----------
    scale : Weight, shape (features,)
        Or that of the last `axes` axes of inputs.

    Raises
    ------
    ValueError
        If inputs have fewer axes besides the batch, of unknown size, or not of the size that the
        layer was built for.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.FeatureScale("ones")(np.array([[1.0, 2.0]]))
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, initializer: Any = "ones", axes: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initializer = initializers.get(initializer)
        self.axes = checked_size("axes", axes)
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the factors for inputs of that shape."""
        shape = tuple(input_shape[1:])[-self.axes :]
        if len(shape) < self.axes or None in shape:
            raise ValueError(
                f"layer {self.name!r} needs inputs whose last axes, {self.axes} besides the batch, "
                f"have a known size. Received: input_shape={tuple(input_shape)}"
            )
        self.scale = self.add_weight(shape=shape, initializer=self.initializer, name="scale")
        self.input_spec = InputSpec(axes={i - self.axes: size for i, size in enumerate(shape)})
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the scaled inputs."""
        return inputs * self.scale
