"""`PReLU`: the rectifier with slopes that are learned."""

from __future__ import annotations

from typing import Any

from pynn import constraints, initializers, ops, regularizers
from pynn._number_checks import is_integer
from pynn.layers._layer import Layer


class PReLU(Layer):
    """Return `x` where it is positive and ``alpha * x`` elsewhere; `alpha` is learned.

    Parameters
    ----------
    alpha_initializer : initializer, default="zeros"
    alpha_regularizer : regularizer, default=None
    alpha_constraint : constraint, default=None
    shared_axes : list of int, default=None
        Axes along which slopes are the same.
    **kwargs
        ``name``, ``trainable``, ``dtype`` and ``input_shape`` of `Layer`.

    References
    ----------
    He, Zhang, Ren and Sun, 2015, "Delving deep into rectifiers".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.PReLU(alpha_initializer="ones")(np.array([[-2.0, 1.0]]))
    array([[-2.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        shared = [shared_axes] if is_integer(shared_axes) else shared_axes
        self.shared_axes = None if shared is None else [int(axis) for axis in shared]
        self.alpha: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the slopes for inputs of that shape."""
        size = list(input_shape[1:])
        for axis in self.shared_axes or ():
            size[axis - 1] = 1
        self.alpha = self.add_weight(
            shape=tuple(size),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
