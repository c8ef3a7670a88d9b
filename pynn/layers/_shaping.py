"""The layers that give rows another shape, or none: nothing is computed."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn._number_checks import is_integer
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["Flatten", "Identity", "Permute", "RepeatVector", "Reshape"]


@registry.add()
class Identity(Layer):
    """Return the input as it is, for a place that wants a layer.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.Identity()([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return `inputs`."""
        return inputs


@registry.add()
class Flatten(Layer):
    """Turn each row into a vector. In a model this costs nothing.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, default=None
        With the latter the second axis of the batch becomes the last one before.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Flatten()(np.zeros((2, 28, 28))).shape
    (2, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                "data_format must be 'channels_last', 'channels_first' or None. Received: "
                f"data_format={data_format!r}"
            )
        self.data_format = data_format or "channels_last"
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return `inputs` with shape (batch, entries of a row)."""
        rank = ops.ndim(inputs)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        return ops.reshape_rows(inputs, (-1,))


@registry.add()
class Reshape(Layer):
    """Give each row another shape. In a model this costs nothing.

    Parameters
    ----------
    target_shape : tuple of int, or int
        Shape of a row afterwards; one size may be -1.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `target_shape` holds anything but integers, or more than one unknown size; when called,
        if the number of entries does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Reshape((2, -1))(np.zeros((5, 6))).shape
    (5, 2, 3)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = target_shape if isinstance(target_shape, (list, tuple)) else (target_shape,)
        if not all(is_integer(n) and n >= -1 for n in given) or list(given).count(-1) > 1:
            raise ValueError(
                "target_shape must be a tuple of integers, not negative but for one -1. "
                f"Received: target_shape={target_shape!r}"
            )
        self.target_shape = tuple(int(n) for n in given)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return `inputs` with shape (batch, *target_shape)."""
        return ops.reshape_rows(inputs, self.target_shape)


@registry.add(example={"dims": (2, 1)})
class Permute(Layer):
    """Give the axes of each row another order.

    Parameters
    ----------
    dims : tuple of int
        The axes of a row, counted from 1, in their new order.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `dims` is no order of the axes; when called, if it is of another number of axes.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Permute((2, 1))(np.zeros((5, 10, 64))).shape
    (5, 64, 10)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if sorted(dims) != list(range(1, len(dims) + 1)):
            raise ValueError(f"dims must be an order of 1, 2, ... Received: dims={dims!r}")
        self.dims = tuple(int(n) for n in dims)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return `inputs` with the axes of a row in that order."""
        if ops.ndim(inputs) != len(self.dims) + 1:
            raise ValueError(
                f"layer {self.name!r} takes rows of {len(self.dims)} axes. "
                f"Received: shape={ops.shape(inputs)}"
            )
        return ops.transpose(inputs, (0, *self.dims))


@registry.add(example={"n": 3})
class RepeatVector(Layer):
    """Repeat each row, a vector, along a new axis.

    Parameters
    ----------
    n : int
        How often.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    TypeError
        If `n` is no integer.
    ValueError
        If `n` is not positive; when called, if rows are not vectors.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.RepeatVector(3)(np.zeros((5, 32))).shape
    (5, 3, 32)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not is_integer(n):
            raise TypeError(f"n must be an integer. Received: n={n!r}")
        if n < 1:
            raise ValueError(f"n must be positive. Received: n={n}")
        self.n = int(n)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return `inputs` with shape (batch, n, size)."""
        if ops.ndim(inputs) != 2:
            raise ValueError(
                f"layer {self.name!r} takes rows that are vectors. "
                f"Received: shape={ops.shape(inputs)}"
            )
        return ops.stack([inputs] * self.n, axis=1)
