"""The layers that take a list of inputs and give one output."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pynn import ops
from pynn._number_checks import is_integer
from pynn._shape_rules import normalize_axis
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


def _of_one_rank(values: Sequence[Any]) -> list[Any]:
    """Return the values with as many axes as the one that has most, added after the first."""
    most = max(map(ops.ndim, values))
    found = list(values)
    for i, value in enumerate(found):
        for ndim in range(ops.ndim(value), most):
            found[i] = ops.expand_dims(found[i], min(1, ndim))
    return found


class Merge(Layer):
    """Base of the layers that combine a list of inputs, entry by entry.

    A subclass defines ``merge(inputs)`` and, where it needs a number of inputs of its own,
    ``least`` and ``most``, and ``entrywise = False`` where inputs of fewer axes are to stay so.
    """

    entrywise = True
    least = 1
    most: int | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._build_at_init()

    def merge(self, inputs: list[Any]) -> Any:
        """Combine the inputs; the base class takes the first."""
        return inputs[0]

    def call(self, inputs: Any) -> Any:
        """Return the combination.

        Parameters
        ----------
        inputs : list of tensors or arrays
            Of one shape, up to axes of size 1; those of fewer axes get such ones after the batch's.
        """
        values = list(inputs.values()) if isinstance(inputs, Mapping) else inputs
        if not isinstance(values, (list, tuple)) or not values:
            raise ValueError(
                f"layer {self.name!r} takes a list of inputs. Received: {type(inputs).__name__}"
            )
        if len(values) < self.least or (self.most is not None and len(values) > self.most):
            count = f"exactly {self.most}" if self.most else f"at least {self.least}"
            raise ValueError(f"layer {self.name!r} takes {count} inputs. Received: {len(values)}")
        try:
            return self.merge(_of_one_rank(values) if self.entrywise else list(values))
        except ValueError as error:
            shapes = ", ".join(str(ops.shape(value)) for value in values)
            raise ValueError(
                f"layer {self.name!r} cannot combine inputs of the shapes {shapes}: {error}"
            ) from error

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where the combination holds anything, from where its inputs do.

        pynn hands no masks on; this is for code that does.

        Parameters
        ----------
        inputs : list of tensors or arrays
        mask : list of tensors or arrays, default=None
            One for each input; None where all of it counts.

        Returns
        -------
        tensor, array or None
            Where any of the masks is true; None if one of them is None.

        Raises
        ------
        ValueError
            If there is not one mask for each input.
        """
        if mask is None:
            return None
        both = (inputs, mask)
        if not all(isinstance(given, (list, tuple)) for given in both) or len(inputs) != len(mask):
            raise ValueError(
                f"layer {self.name!r} takes a list of inputs, and of masks one for each. "
                f"Received: inputs={inputs!r:.80}, mask={mask!r:.80}"
            )
        return self._merged_mask(list(inputs), list(mask))

    def _merged_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        if any(mask is None for mask in masks):
            return None
        return functools.reduce(ops.logical_or, masks)


@registry.add()
class Add(Merge):
    """Return the sum of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[11., 22.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the sum."""
        return ops.merge_add(inputs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Add` layer, made with `kwargs`, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.add([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
    array([[4., 6.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


@registry.add()
class Subtract(Merge):
    """Return the first of two inputs less the second, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Subtract()([np.array([[5.0, 5.0]]), np.array([[1.0, 2.0]])])
    array([[4., 3.]], dtype=float32)
    """

    least = most = 2

    def merge(self, inputs: list[Any]) -> Any:
        """Return the difference."""
        return ops.subtract(inputs[0], inputs[1])


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Subtract` layer, made with `kwargs`, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.subtract([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
    array([[-2.,  2.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


@registry.add()
class Multiply(Merge):
    """Return the product of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 40.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the product."""
        return ops.merge_multiply(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Multiply` layer, made with `kwargs`, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.multiply([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
    array([[3., 8.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


@registry.add()
class Average(Merge):
    """Return the mean of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Average()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ 5.5, 11. ]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the mean."""
        return ops.merge_average(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Average` layer, made with `kwargs`, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.average([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
    array([[2., 3.]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


@registry.add()
class Maximum(Merge):
    """Return the largest of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Maximum()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 20.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the largest."""
        return ops.merge_maximum(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Maximum` layer, made with `kwargs`, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.maximum([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
    array([[3., 4.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


@registry.add()
class Minimum(Merge):
    """Return the smallest of a list of inputs, entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Minimum()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[1., 2.]], dtype=float32)
    """

    def merge(self, inputs: list[Any]) -> Any:
        """Return the smallest."""
        return ops.merge_minimum(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Call a new `Minimum` layer, made with `kwargs`, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.minimum([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
    array([[1., 2.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


@registry.add()
class Concatenate(Merge):
    """Put a list of inputs side by side.

    Parameters
    ----------
    axis : int, default=-1
        The axis along which they are put, not the batch's.
    **kwargs
        ``name`` of `Layer`.

    Raises
    ------
    ValueError
        When called, if the other axes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])])
    array([[1., 2., 3.]], dtype=float32)
    """

    entrywise = False

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if axis == 0:
            raise ValueError("axis must not be the batch's. Received: axis=0")
        self.axis = axis

    def merge(self, inputs: list[Any]) -> Any:
        """Return the inputs as one."""
        return ops.concatenate(inputs, axis=self.axis)

    def _merged_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        if all(mask is None for mask in masks):
            return None
        full = []
        for x, mask in zip(inputs, masks, strict=True):
            if mask is None:
                mask = ops.ones_like(x, dtype="bool")
            elif ops.ndim(mask) < ops.ndim(x):
                mask = ops.logical_or(ops.expand_dims(mask, -1), ops.zeros_like(x, dtype="bool"))
            full.append(mask)
        return ops.any(ops.concatenate(full, axis=self.axis), axis=-1)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Call a new `Concatenate` layer, made with `axis` and `kwargs`, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.concatenate([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
    array([[1., 4., 3., 2.]], dtype=float32)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


@registry.add()
class Dot(Merge):
    """Sum the products of two inputs along an axis of each, row by row of the batch.

    Parameters
    ----------
    axes : int or (int, int)
        The axis of each input along which is summed, not the batch's.
    normalize : bool, default=False
        Whether to bring vectors along these axes to length 1 first, so that the result is the
        cosine of their angle.
    **kwargs
        ``name`` of `Layer`.

    Raises
    ------
    ValueError
        When called, if the sizes of the axes differ, or an input has less than two.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[50.]], dtype=float32)
    """

    entrywise = False
    least = most = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = (axes, axes) if is_integer(axes) else tuple(axes)
        if len(pair) != 2 or 0 in pair:
            raise ValueError(
                f"axes must be one or two axes, not the batch's. Received: axes={axes!r}"
            )
        self.axes = [int(axis) for axis in pair]
        self.normalize = bool(normalize)

    def merge(self, inputs: list[Any]) -> Any:
        """Return the products: shape (batch, 1) for vectors, else (batch, further axes)."""
        ranks = [ops.ndim(value) for value in inputs]
        if min(ranks) < 2:
            raise ValueError("inputs must have two axes or more")
        axes = [normalize_axis(axis, rank) for axis, rank in zip(self.axes, ranks, strict=True)]
        if 0 in axes:
            raise ValueError("axes must not be the batch's")
        shapes = [ops.shape(value) for value in inputs]
        sizes = [shape[axis] for shape, axis in zip(shapes, axes, strict=True)]
        if sizes[0] != sizes[1]:
            raise ValueError(f"axes must be of one size, and are of {sizes[0]} and {sizes[1]}")
        if self.normalize:
            inputs = [
                ops.l2_normalize(value, axis=axis) for value, axis in zip(inputs, axes, strict=True)
            ]
        first, second = inputs
        if ranks == [2, 2]:
            return ops.sum(first * second, axis=1, keepdims=True)
        left, right = (
            [i for i in range(1, rank) if i != axis] for rank, axis in zip(ranks, axes, strict=True)
        )
        if axes[0] != ranks[0] - 1:
            first = ops.transpose(first, (0, *left, axes[0]))
        if axes[1] != 1:
            second = ops.transpose(second, (0, axes[1], *right))
        rows, columns = [shapes[0][i] for i in left], [shapes[1][i] for i in right]
        # One matrix a row of the batch; what is one already stays.
        if len(rows) != 1:
            first = ops.reshape(first, (-1, math.prod(rows), sizes[0]))
        if len(columns) != 1:
            second = ops.reshape(second, (-1, sizes[0], math.prod(columns)))
        product = ops.matmul(first, second)
        if len(rows) == len(columns) == 1:
            return product
        return ops.reshape(product, (-1, *rows, *columns))

    def _merged_mask(self, inputs: list[Any], masks: list[Any]) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        same = self.axes[0] == self.axes[1]
        axes = self.axes[0] if same else self.axes
        return {**super().get_config(), "axes": axes, "normalize": self.normalize}


def dot(inputs: Any, axes: Any, normalize: bool = False, **kwargs: Any) -> Any:
    """Call a new `Dot` layer, made with the other arguments, on `inputs`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.dot([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])], axes=1)
    array([[11.]], dtype=float32)
    """
    return Dot(axes, normalize, **kwargs)(inputs)
