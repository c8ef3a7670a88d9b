"""What counts as a number where a user gives one: NumPy's do too, truth values do not.

Of arrays, masked entries do not count as numbers.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

LARGEST_SIZE = 2**31 - 1  # of an axis, of a batch: the engine counts in 32 bits


def is_number(value: Any) -> bool:
    """Whether `value` is a finite real number and no bool.

    Examples
    --------
    >>> import numpy as np
    >>> is_number(np.float32(0.5)), is_number(2), is_number(True), is_number(float("nan"))
    (True, True, False, False)
    """
    real = isinstance(value, float)  # first: it takes no time to tell
    real = real or (isinstance(value, numbers.Real) and not isinstance(value, bool))
    return real and math.isfinite(value)


def is_integer(value: Any) -> bool:
    """Whether `value` is an integer and no bool.

    Examples
    --------
    >>> import numpy as np
    >>> is_integer(np.int64(5)), is_integer(5.0), is_integer(True)
    (True, False, False)
    """
    if type(value) is int:  # first, as above
        return True
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def checked_size(name: str, value: Any) -> int:
    """Return a number of units, rows or words as an int.

    Raises
    ------
    ValueError
        If it is not an integer from 1 to `LARGEST_SIZE`.
    """
    if not is_integer(value) or value < 1:
        raise ValueError(f"{name} must be a positive integer. Received: {name}={value!r}")
    if value > LARGEST_SIZE:
        raise ValueError(f"{name} must be at most {LARGEST_SIZE}. Received: {name}={value!r}")
    return int(value)


def checked_number(name: str, value: Any, *, negative: bool = True) -> Any:
    """Return a finite number as it is.

    Raises
    ------
    ValueError
        If it is none, or is negative where it must not be.
    """
    if not is_number(value) or (value < 0 and not negative):
        wanted = "a finite number" if negative else "a number that is not negative"
        raise ValueError(f"{name} must be {wanted}. Received: {name}={value!r}")
    return value


def check_unmasked(value: Any, name: str) -> None:
    """Refuse a masked array some of whose entries are masked: what is there is anything.

    Raises
    ------
    ValueError
        If there are such entries.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(
            f"{name} has masked entries. Give them values, as with numpy.ma.filled, or leave "
            "their rows out"
        )


def checked_rate(rate: Any, *, one: bool = False) -> float:
    """Return a rate as a float, which may be 1 only where `one` is true.

    Raises
    ------
    ValueError
        If it is no number in [0, 1), or, with `one`, in [0, 1].
    """
    if not is_number(rate) or not (0 <= rate < 1 or (one and rate == 1)):
        allowed = "[0, 1]" if one else "[0, 1)"
        raise ValueError(f"rate must be a number in {allowed}. Received: rate={rate!r}")
    return float(rate)
