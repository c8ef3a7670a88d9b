"""`Dense`: the fully connected layer."""

from __future__ import annotations

from typing import Any

from pynn import activations, constraints, initializers, ops, regularizers
from pynn._number_checks import checked_size, is_integer
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["Dense"]


@registry.add()
class Dense(Layer):
    """A fully connected layer: ``activation(inputs @ kernel + bias)``.

    Parameters
    ----------
    units : int
        Size of the output.
    activation : str or callable, default=None
        None leaves the affine map as it is.
    use_bias : bool, default=True
    kernel_initializer : initializer, default="glorot_uniform"
    bias_initializer : initializer, default="zeros"
    kernel_regularizer, bias_regularizer : regularizer, default=None
        Penalties on the weights.
    activity_regularizer : regularizer, default=None
        A penalty on the output.
    kernel_constraint, bias_constraint : constraint, default=None
        Applied to the weights after each step.
    **kwargs
        ``name``, ``trainable``, ``dtype``, ``input_shape`` and ``input_dim`` of `Layer`.

    Attributes
    ----------
    kernel : Weight, shape (fan_in, units)
    bias : Weight, shape (units,), or None

    Raises
    ------
    ValueError
        If `units` is not a positive integer or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layer = layers.Dense(2, activation="relu", kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0, 3.0]], dtype="float32"))
    array([[6., 6.]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = checked_size("units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias for inputs of that shape."""
        fan_in = input_shape[-1] if input_shape else None
        if not is_integer(fan_in):
            raise ValueError(
                f"layer {self.name!r} takes one input whose last axis has a known size. "
                f"Received: input_shape={input_shape}"
            )
        self.kernel = self.add_weight(
            shape=(fan_in, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return the activation of the affine map.

        Parameters
        ----------
        inputs : tensor or array, shape (batch, ..., fan_in)

        Returns
        -------
        tensor or array, shape (batch, ..., units)
        """
        shape = ops.shape(inputs)
        if len(shape) < 2 or shape[-1] != self.kernel.shape[0]:
            raise ValueError(
                f"layer {self.name!r} takes inputs of shape (batch, ..., {self.kernel.shape[0]}). "
                f"Received: shape={shape}"
            )
        outputs = ops.dense(inputs, self.kernel, self.bias)
        return outputs if self.activation is None else self.activation(outputs)
