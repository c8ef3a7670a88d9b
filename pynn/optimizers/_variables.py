"""What optimizers change: arrays in place, and objects with ``.numpy()`` and ``.assign()``."""

from __future__ import annotations

from typing import Any

import numpy as np


class Tracked:
    """What an optimizer keeps for one variable."""

    def __init__(self, variable: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.variable = variable
        self.state: list[np.ndarray] | None = None
        self.accumulated = np.zeros(shape, dtype)
        self.average = np.zeros(shape, dtype)


def key_of(variable: Any) -> int:
    """Return what a variable is known by; views of one weight of the engine share it."""
    return id(getattr(variable, "_variable", variable))


def read(variable: Any) -> np.ndarray:
    """Return the value of a variable."""
    if isinstance(variable, np.ndarray):
        value = variable
    elif hasattr(variable, "numpy") and hasattr(variable, "assign"):
        value = np.asarray(variable.numpy())
    else:
        raise ValueError(
            "a variable must be an array or have .numpy() and .assign(). "
            f"Received: {type(variable).__name__}"
        )
    if value.dtype not in (np.float32, np.float64):
        raise ValueError(f"a variable must be float32 or float64. Received: {value.dtype}")
    return value


def write(variable: Any, value: Any) -> None:
    """Store a value in a variable."""
    if isinstance(variable, np.ndarray):
        variable[...] = value
    else:
        variable.assign(value)
