"""`BatchEnsembleDense`: the dense layers of an ensemble, which share a kernel."""

from __future__ import annotations

from typing import Any

from pynn import activations, initializers, ops
from pynn._number_checks import checked_size
from pynn.layers._arguments import initialized
from pynn.layers._config import registry
from pynn.layers._input_spec import InputSpec
from pynn.layers._layer import Layer

__all__ = ["BatchEnsembleDense"]


@registry.add(example={"units": 3}, keras=False)
class BatchEnsembleDense(Layer):
    """Dense layers of the members of an ensemble, which share all but a few of their weights.

    ``activation(((inputs * input_scale) @ kernel) * output_scale + bias)``: the kernel is that of
    all members; factors and bias are each member's own. Inputs of shape (batch, members, features)
    become (batch, members, units).

    Parameters
    ----------
    units : int
    activation : str or callable, default=None
    kernel_initializer : initializer, default="glorot_uniform"
    input_scale_initializer, output_scale_initializer : initializer, default="ones"
        Members that begin with the same weights and see the same rows learn the same:
        ``RandomNormal(1.0, 0.5)`` for one of the two lets them begin with different ones. An
        initializer draws the same for all weights of the same shape, so each needs its own.
    bias_initializer : initializer, default="zeros"
        Drawn once: all members begin with the same bias.
    **kwargs
        ``name``, ``dtype``, ``input_shape`` and ``learning_rate_factors`` of `Layer`.

    Attributes
    ----------
    input_scale : Weight, shape (members, features)
    kernel : Weight, shape (features, units)
    output_scale, bias : Weight, shape (members, units)

    Raises
    ------
    ValueError
        If inputs have no axis of members, or one of unknown size, or not the size that the layer
        was built for.

    References
    ----------
    Wen, Tran and Ba, 2020, "BatchEnsemble: an alternative approach to efficient ensemble and
    lifelong learning".

    Examples
    --------
    Four members see the same rows:

    >>> import numpy as np
    >>> from pynn import initializers, layers
    >>> x = layers.RepeatVector(4)(np.ones((2, 5), dtype="float32"))
    >>> factors = initializers.RandomNormal(1.0, 0.5)
    >>> layer = layers.BatchEnsembleDense(3, input_scale_initializer=factors)
    >>> layer(x).shape
    (2, 4, 3)
    >>> layer.kernel.shape, layer.bias.shape
    ((5, 3), (4, 3))
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        input_scale_initializer: Any = "ones",
        output_scale_initializer: Any = "ones",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = checked_size("units", units)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.input_scale_initializer = initializers.get(input_scale_initializer)
        self.output_scale_initializer = initializers.get(output_scale_initializer)
        self.bias_initializer = initializers.get(bias_initializer or "zeros")
        self.input_scale: Any = None
        self.kernel: Any = None
        self.output_scale: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape."""
        if len(input_shape) != 3 or None in input_shape[1:]:
            raise ValueError(
                f"layer {self.name!r} needs inputs of shape (batch, members, features), the last "
                f"two of known size. Received: input_shape={tuple(input_shape)}"
            )
        _, members, features = input_shape
        make, units = self.add_weight, self.units
        self.input_scale = make(
            shape=(members, features), initializer=self.input_scale_initializer, name="input_scale"
        )
        self.kernel = make(
            shape=(features, units), initializer=self.kernel_initializer, name="kernel"
        )
        self.output_scale = make(
            shape=(members, units), initializer=self.output_scale_initializer, name="output_scale"
        )
        self.bias = make(shape=(members, units), initializer=self._same_for_all, name="bias")
        self.input_spec = InputSpec(shape=(None, members, features))
        self.built = True

    def _same_for_all(self, shape: tuple[int, int], dtype: str) -> Any:
        members, units = shape
        return ops.tile(initialized(self.bias_initializer, (1, units), dtype), (members, 1))

    def call(self, inputs: Any) -> Any:
        """Return what the members make of their inputs."""
        x = ops.matmul(inputs * self.input_scale, self.kernel)
        return self.activation(x * self.output_scale + self.bias)
