"""`Reshape`: rows of another shape."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn._number_checks import is_integer
from pynn.layers._layer import Layer


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
        If `target_shape` holds anything but integers; when called, if the number of entries does
        not fit.

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
        if not all(is_integer(n) for n in given):
            raise ValueError(
                f"target_shape must be a tuple of integers. Received: target_shape={target_shape!r}"
            )
        self.target_shape = tuple(int(n) for n in given)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return `inputs` with shape (batch, *target_shape)."""
        return ops.reshape_rows(inputs, self.target_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "target_shape": list(self.target_shape)}
