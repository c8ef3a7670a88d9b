"""What is known of a tensor or array: its values, type and size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn._tensor import Tensor, is_symbolic, shape_of, value_of
from pynn._weight import Weight

__all__ = [
    "convert_to_numpy",
    "copy",
    "dtype",
    "is_tensor",
    "size",
]


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return `x` as a NumPy array; a symbolic tensor has no value and is a TypeError."""
    return x.numpy() if isinstance(x, (Tensor, Weight)) else np.asarray(value_of(x))


def copy(x: Any) -> Any:
    """Return a copy of `x`."""
    return x if is_symbolic(x) else np.array(value_of(x))


def dtype(x: Any) -> str:
    """Return the name of the type of `x`."""
    return str(x.dtype) if isinstance(x, (Tensor, Weight)) else np.asarray(value_of(x)).dtype.name


def is_tensor(x: Any) -> bool:
    """Whether ops compute with `x` as it is: a tensor, a weight or an array."""
    return isinstance(x, (Tensor, Weight, np.ndarray))


def size(x: Any) -> int | None:
    """Return the number of entries of `x`; None stands for a number that is not known yet."""
    shape: Any = shape_of(x)
    return None if None in shape else math.prod(shape)
