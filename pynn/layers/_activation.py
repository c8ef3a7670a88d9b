"""`Activation`: an activation function as a layer."""

from __future__ import annotations

from typing import Any

from pynn import activations
from pynn.layers._layer import Layer


class Activation(Layer):
    """Apply an activation function.

    Parameters
    ----------
    activation : str or callable
        A name that `pynn.activations.get` knows, or a function of a tensor.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.Activation("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
