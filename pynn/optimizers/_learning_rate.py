"""What may be given as a learning rate or weight decay: a number, a schedule or a callable."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn import _namespace
from pynn._number_checks import is_number
from pynn.optimizers import schedules

LearningRate = float | schedules.LearningRateSchedule | Callable[..., Any]


def as_learning_rate(value: Any) -> LearningRate:
    """Return a float, a schedule or a callable for what a user gave as a learning rate.

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
        return schedules.deserialize(value)
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if is_number(value) and value >= 0:
        return float(value)
    if callable(value):
        return value
    raise ValueError(
        "learning_rate must be a number that is not negative, a LearningRateSchedule or a "
        f"callable. Received: learning_rate={value!r}"
    )


def is_plain(given: LearningRate) -> bool:
    """Whether the rates follow from the steps' numbers without any code of the user's."""
    return isinstance(given, float) or schedules.is_formula(given)


def rates_of(
    given: LearningRate, first_step: int, n: int, what: str = "learning rate"
) -> np.ndarray:
    """Return the float64 rates of `n` steps from number `first_step` on, whatever they are.

    Raises
    ------
    ValueError
        If a schedule or function gives something else than a real number.
    """
    if isinstance(given, float):
        return np.array([given]) if n == 1 else np.full(n, given)
    if is_plain(given):
        return np.asarray(given(np.arange(first_step, first_step + n)))
    function: Callable[..., Any] = given
    steps = range(first_step, first_step + n)
    values = map(function, steps) if _takes_step(function) else (function() for _ in steps)
    return np.fromiter(
        (_as_rate(*pair, what) for pair in zip(values, steps, strict=True)), np.float64, n
    )


def _as_rate(value: Any, step: int, what: str) -> float:
    found = np.asarray(_namespace.to_array(value))
    if found.ndim != 0 or found.dtype.kind not in "iuf":
        raise ValueError(
            f"the {what} of a step must be a number. Received: {value!r} for step {step}"
        )
    return float(found)


def check_rates(rates: np.ndarray, first_step: int, what: str = "learning rate") -> None:
    """Raise ValueError if a rate, of steps from `first_step` on, is negative, infinite or NaN."""
    bad = ~((rates >= 0.0) & (rates < math.inf))
    if bad.any():
        i = int(bad.argmax())
        raise ValueError(
            f"the {what} of a step must be a finite number that is not negative. "
            f"Received: {rates[i]:g} for step {first_step + i}"
        )


def _takes_step(function: Callable[..., Any]) -> bool:
    """Whether `function` can be called with one argument."""
    try:
        inspect.signature(function).bind(0)
    except TypeError:
        return False
    return True
