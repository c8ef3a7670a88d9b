"""`LayerNormalization`: each row of mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

from pynn import constraints, initializers, ops, regularizers
from pynn._number_checks import is_integer
from pynn.layers._config import registry
from pynn.layers._layer import Layer
from pynn.layers._moved_axes import with_axes_last

__all__ = ["LayerNormalization"]


class RowNormalization(Layer):
    """Base of what normalizes each row by itself, along some of its axes."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        several = isinstance(axis, (list, tuple))
        if not all(is_integer(a) for a in (axis if several else [axis])):
            raise TypeError(f"axis must be an integer or a list of some. Received: axis={axis!r}")
        self.axis = list(axis) if several else axis
        self._build_at_init()

    def _axes(self, rank: int) -> tuple[int, ...]:
        """Return the axes of ``axis``, sorted and not negative.

        Raises
        ------
        ValueError
            If they are not some of the input's without the batch's.
        """
        given = self.axis if isinstance(self.axis, list) else [self.axis]
        axes = tuple(sorted(a % rank for a in given if -rank <= a < rank))
        if 0 in axes or len(set(axes)) < len(given):
            raise ValueError(
                f"the axes of layer {self.name!r} must be some of its input's, without the "
                f"batch's. Received: axis={self.axis}"
            )
        return axes

    def _sizes(self, input_shape: Any) -> tuple[int, ...]:
        """Return the sizes of the axes."""
        return tuple(input_shape[a] for a in self._axes(len(input_shape)))

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs."""
        inputs = ops.cast(inputs, self.dtype)
        rank = ops.ndim(inputs)
        axes = self._axes(rank)
        last = tuple(range(rank - len(axes), rank))
        return with_axes_last(lambda x: self._normalize(x, last), inputs, axes)

    def _normalize(self, inputs: Any, axes: tuple[int, ...]) -> Any:
        """Return inputs normalized along `axes`, their last ones."""
        raise NotImplementedError


@registry.add()
class LayerNormalization(RowNormalization):
    """Normalize each row over its features, in training and at inference alike.

    Parameters
    ----------
    axis : int or list of int, default=-1
        The axes over which moments are taken, the batch's not among them.
    epsilon : float, default=1e-3
        Added to the variance.
    center, scale : bool, default=True
        Whether to add `beta`, and to multiply by `gamma`.
    beta_initializer, gamma_initializer : initializer, default="zeros", "ones"
    beta_regularizer, gamma_regularizer : regularizer, default=None
    beta_constraint, gamma_constraint : constraint, default=None
    **kwargs
        ``name``, ``trainable``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    TypeError
        If `axis` is neither an integer nor a list of some.

    References
    ----------
    Ba, Kiros and Hinton, 2016, "Layer normalization".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.LayerNormalization(epsilon=1e-9)(np.array([[1.0, 3.0]])).round(3)
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis, **kwargs)
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape."""
        for name in ["gamma"] * self.scale + ["beta"] * self.center:
            weight = self.add_weight(
                shape=self._sizes(input_shape),
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                constraint=getattr(self, f"{name}_constraint"),
                name=name,
            )
            setattr(self, name, weight)
        self.built = True

    def _normalize(self, inputs: Any, axes: tuple[int, ...]) -> Any:
        outputs = self._standardize(inputs, axes)
        if self.gamma is not None:
            outputs = outputs * self.gamma
        return outputs if self.beta is None else outputs + self.beta

    def _standardize(self, inputs: Any, axes: tuple[int, ...]) -> Any:
        centered = inputs - ops.mean(inputs, axis=axes, keepdims=True)
        variance = ops.mean(ops.square(centered), axis=axes, keepdims=True)
        return centered / ops.sqrt(variance + self.epsilon)
