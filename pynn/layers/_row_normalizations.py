"""Normalizations of each row by itself, beside `LayerNormalization`."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn._number_checks import is_integer
from pynn.layers._config import registry
from pynn.layers._layer_normalization import LayerNormalization, RowNormalization

__all__ = ["GroupNormalization", "RMSNormalization", "UnitNormalization"]


# Keras divides rows shorter than 1e-12 by that.
_LEAST_SQUARE = 1e-24


@registry.add(example={"groups": 2})
class GroupNormalization(LayerNormalization):
    """Normalize each group of features of a row, over the group and all further axes.

    Parameters
    ----------
    groups : int, default=32
        How many; it divides the number of features. -1 makes each feature a group.
    axis : int, default=-1
        The axis of the features.
    epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, \
    gamma_regularizer, beta_constraint, gamma_constraint, **kwargs
        See `LayerNormalization`.

    Raises
    ------
    ValueError
        If `groups` is neither -1 nor a positive integer; when built, if it does not divide the
        number of features.

    References
    ----------
    Wu and He, 2018, "Group normalization".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.GroupNormalization(2)(np.array([[1.0, 3.0, 10.0, 30.0]])).round(2)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        if not is_integer(groups) or (groups < 1 and groups != -1):
            raise ValueError(
                f"groups must be -1 or a positive integer. Received: groups={groups!r}"
            )
        self.groups = int(groups)

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape."""
        size = input_shape[self.axis]
        if size is None or size % self._group_count(size):
            raise ValueError(
                f"the number of groups of layer {self.name!r} must divide the number of features. "
                f"Received: groups={self.groups}, input_shape={tuple(input_shape)}"
            )
        super().build(input_shape)

    def _group_count(self, size: int) -> int:
        return size if self.groups == -1 else self.groups

    def _standardize(self, inputs: Any, axes: tuple[int, ...]) -> Any:
        row = ops.shape(inputs)[1:]
        groups = self._group_count(row[-1])
        grouped = ops.reshape_rows(inputs, (*row[:-1], groups, row[-1] // groups))
        within = (*range(1, len(row)), len(row) + 1)
        return ops.reshape_rows(super()._standardize(grouped, within), row)


@registry.add()
class RMSNormalization(RowNormalization):
    """Divide each row by the root of the mean of its squares, and scale its features.

    Parameters
    ----------
    axis : int or list of int, default=-1
        The axes over which the mean is taken, the batch's not among them.
    epsilon : float, default=1e-6
        Added to the mean.
    **kwargs
        ``name``, ``trainable``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    TypeError
        If `axis` is neither an integer nor a list of some.

    References
    ----------
    Zhang and Sennrich, 2019, "Root mean square layer normalization".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.RMSNormalization()(np.array([[1.0, 7.0]])).round(3)
    array([[0.2, 1.4]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(axis, **kwargs)
        self.epsilon = float(epsilon)
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the factors of the features."""
        size = self._sizes(input_shape)
        self.scale = self.add_weight(shape=size, initializer="ones", name="scale")
        self.built = True

    def _normalize(self, inputs: Any, axes: tuple[int, ...]) -> Any:
        mean = ops.mean(ops.square(inputs), axis=axes, keepdims=True)
        return inputs / ops.sqrt(mean + self.epsilon) * self.scale


@registry.add()
class UnitNormalization(RowNormalization):
    """Divide each row by its Euclidean norm.

    Parameters
    ----------
    axis : int or list of int, default=-1
        The axes over which the norm is taken.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    TypeError
        If `axis` is neither an integer nor a list of some.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.UnitNormalization()(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]], dtype=float32)
    """

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs."""
        inputs = ops.cast(inputs, self.dtype)
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        square = ops.sum(ops.square(inputs), axis=axis, keepdims=True)
        return inputs / ops.sqrt(ops.maximum(square, _LEAST_SQUARE))
