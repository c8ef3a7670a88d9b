"""Initializers without randomness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _state
from pynn._number_checks import checked_number
from pynn.initializers._initializer import Initializer, registry

__all__ = [
    "Constant",
    "Identity",
    "IdentityInitializer",
    "Ones",
    "Zeros",
    "constant",
    "identity",
    "ones",
    "zeros",
]


@registry.add()
class Constant(Initializer):
    """The same value everywhere.

    Parameters
    ----------
    value : float or array-like, default=0.0
        An array is broadcast to the shape asked for.

    Examples
    --------
    >>> from pynn import initializers
    >>> initializers.Constant(3.0)((2,))
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        if not np.isfinite(np.asarray(value, dtype=np.float64)).all():
            raise ValueError(f"value must be finite. Received: value={value!r}")
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Return the value in that shape and type.

        Raises
        ------
        ValueError
            If the value is an array that cannot be broadcast to `shape`.
        """
        values = np.asarray(self.value, dtype=dtype or _state.floatx())
        return np.broadcast_to(values, tuple(shape)).copy()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; an array as nested lists."""
        value = self.value
        return {"value": value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value}


@registry.add("zero")
class Zeros(Initializer):
    """Zeros, the usual start of biases.

    Examples
    --------
    >>> from pynn import initializers
    >>> initializers.Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Return zeros of that shape and type, see `Initializer`."""
        return np.zeros(tuple(shape), dtype or _state.floatx())


@registry.add("one")
class Ones(Initializer):
    """Ones.

    Examples
    --------
    >>> from pynn import initializers
    >>> initializers.Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Return ones of that shape and type, see `Initializer`."""
        return np.ones(tuple(shape), dtype or _state.floatx())


@registry.add("IdentityInitializer")
class Identity(Initializer):
    """A multiple of the identity matrix.

    Parameters
    ----------
    gain : float, default=1.0
        What stands on the diagonal.

    Examples
    --------
    >>> from pynn import initializers
    >>> initializers.Identity(gain=2.0)((2, 3))
    array([[2., 0., 0.],
           [0., 2., 0.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = checked_number("gain", gain)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Return the matrix in that shape and type, see `Initializer`.

        Raises
        ------
        ValueError
            If `shape` has not two axes.
        """
        if len(shape) != 2:
            raise ValueError(f"shape must have two axes. Received: shape={tuple(shape)}")
        dtype = np.dtype(dtype or _state.floatx())
        return np.eye(*shape, dtype=dtype) * dtype.type(self.gain)


constant = Constant
identity = IdentityInitializer = Identity
ones = Ones
zeros = Zeros
