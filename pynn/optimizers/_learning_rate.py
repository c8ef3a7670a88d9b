"""What may be given as a learning rate: a number, a schedule or a callable."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn._number_checks import is_number
from pynn.optimizers import schedules

LearningRate = float | schedules.LearningRateSchedule | Callable[..., Any]


def as_learning_rate(value: Any) -> LearningRate:
    """Return a float, a schedule or a callable for what a user gave.

    Raises
    ------
    ValueError
        If it is none of these, or a negative number.
    """
    if isinstance(value, (float, np.floating)) and 0.0 <= value < math.inf:
        return float(value)  # first, as callbacks may set a rate at every step
    if isinstance(value, schedules.LearningRateSchedule):
        return value
    if isinstance(value, Mapping):
        schedule: schedules.LearningRateSchedule = schedules.deserialize(value)
        return schedule
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if is_number(value) and value >= 0:
        return float(value)
    if callable(value):
        function: Callable[..., Any] = value
        return function
    raise ValueError(
        "learning_rate must be a number that is not negative, a LearningRateSchedule or a "
        f"callable. Received: learning_rate={value!r}"
    )


def takes_step(function: Callable[..., Any]) -> bool:
    """Whether `function` can be called with one argument."""
    try:
        inspect.signature(function).bind(0)
    except TypeError:
        return False
    return True
