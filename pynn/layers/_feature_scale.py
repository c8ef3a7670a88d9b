"""`FeatureScale`: a factor for each feature, which is learned."""

from __future__ import annotations

from typing import Any

from pynn import initializers
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["FeatureScale"]


@registry.add(keras=False)
class FeatureScale(Layer):
    """Multiply each feature by a weight of its own.

    In front of a network, it learns how much each feature counts.

    Parameters
    ----------
    initializer : initializer, default="ones"
    **kwargs
        ``name``, ``dtype``, ``input_shape`` and ``learning_rate_factors`` of `Layer`.

    Attributes
    ----------
    scale : Weight, shape (features,)

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.FeatureScale("ones")(np.array([[1.0, 2.0]]))
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, initializer: Any = "ones", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initializer = initializers.get(initializer)
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the factors for inputs of that shape."""
        self.scale = self.add_weight(
            shape=(input_shape[-1],), initializer=self.initializer, name="scale"
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the scaled inputs."""
        return inputs * self.scale
