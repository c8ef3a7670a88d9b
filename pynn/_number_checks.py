"""What counts as a number where a user gives one: NumPy's do too, truth values do not."""

from __future__ import annotations

import math
import numbers
from typing import Any


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
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
