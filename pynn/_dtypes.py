"""Names of number types. Which types are allowed where is not known here."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np


@lru_cache(maxsize=256)
def _name(dtype: Any) -> str:
    return str(np.dtype(dtype).name)


def dtype_name(dtype: Any) -> str:
    """Return NumPy's name of a type, which NumPy itself takes some microseconds over.

    Examples
    --------
    >>> dtype_name(float), dtype_name("f4")
    ('float64', 'float32')
    """
    try:
        return _name(dtype)
    except TypeError:  # not hashable, or no type
        return str(np.dtype(dtype).name)


def checked_float_type(dtype: Any) -> str | None:
    """Return NumPy's name of a type that losses and metrics compute in, None for None.

    Raises
    ------
    ValueError
        If it is any other type.
    """
    name = None if dtype is None else str(np.dtype(dtype))
    if name not in (None, "float32", "float64"):
        raise ValueError(f"dtype must be 'float32', 'float64' or None. Received: {dtype!r}")
    return name


@lru_cache(maxsize=16)
def exact_numbers(dtype: Any) -> int:
    """Return up to which number a floating type has all whole ones.

    Examples
    --------
    >>> exact_numbers("float32")
    16777216
    """
    return int(2 ** (np.finfo(dtype).nmant + 1))


_OF_NUMBERS = {np.dtype(code).name: np.dtype(code) for code in "?bhilqBHILQefd"}


def type_of_numbers(name: Any) -> np.dtype:
    """Return the type that a file names; NumPy would evaluate longer descriptions of types.

    Raises
    ------
    ValueError
        If it is none of integers, floating point numbers and truth values.
    """
    if not isinstance(name, str) or name not in _OF_NUMBERS:
        raise ValueError(
            f"a type must be one of {', '.join(_OF_NUMBERS)}. Received: dtype={name!r:.80}"
        )
    return _OF_NUMBERS[name]
