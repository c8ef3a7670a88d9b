"""`Dot`: products of the rows of two inputs."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn._number_checks import is_integer
from pynn.layers._merge import Merge


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
        When called, if the sizes of the axes differ, or an input has more than three axes.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[50.]], dtype=float32)
    """

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
        if max(ranks) > 3 or min(ranks) < 2:
            raise ValueError("inputs must have two or three axes")
        axes = [axis % rank for axis, rank in zip(self.axes, ranks, strict=True)]
        if 0 in axes:
            raise ValueError("axes must not be the batch's")
        sizes = [ops.shape(value)[axis] for value, axis in zip(inputs, axes, strict=True)]
        if sizes[0] != sizes[1]:
            raise ValueError(f"axes must be of one size, and are of {sizes[0]} and {sizes[1]}")
        if self.normalize:
            inputs = [
                ops.l2_normalize(value, axis=axis) for value, axis in zip(inputs, axes, strict=True)
            ]
        first, second = inputs
        if ranks == [2, 2]:
            return ops.sum(first * second, axis=1, keepdims=True)
        if ranks[0] == 2:
            first = ops.expand_dims(first, 1)
        elif axes[0] == 1:
            first = ops.transpose(first, (0, 2, 1))
        if ranks[1] == 2:
            second = ops.expand_dims(second, 2)
        elif axes[1] == 2:
            second = ops.transpose(second, (0, 2, 1))
        product = ops.matmul(first, second)
        if ranks[0] == 2:
            return ops.squeeze(product, 1)
        return ops.squeeze(product, 2) if ranks[1] == 2 else product

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        same = self.axes[0] == self.axes[1]
        axes = self.axes[0] if same else self.axes
        return {**super().get_config(), "axes": axes, "normalize": self.normalize}


def dot(inputs: Any, axes: Any, normalize: bool = False, **kwargs: Any) -> Any:
    """Call a new `Dot` layer, made with the other arguments, on `inputs`."""
    return Dot(axes, normalize, **kwargs)(inputs)
