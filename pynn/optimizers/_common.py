"""The arguments that all optimizers share, and their checks."""

from __future__ import annotations

import math
from typing import Any, TypedDict

from pynn._number_checks import is_integer, is_number


class OptionsBesidesDecay(TypedDict, total=False):
    """`CommonOptions` of an optimizer that has weight decay as an argument of its own."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    lazy: bool
    name: str | None
    lr: float
    decay: float | None


class CommonOptions(OptionsBesidesDecay, total=False):
    """Keywords that every optimizer takes besides its own; `Optimizer` explains them."""

    weight_decay: Any


def check_range(
    name: str, value: Any, low: float, high: float = math.inf, open_end: bool = False
) -> float:
    """Return `value` as a float.

    Raises
    ------
    ValueError
        If it is no number in [low, high], or in [low, high) with an open end.
    """
    if not is_number(value) or not low <= value <= high or (open_end and value == high):
        end = "inf)" if high == math.inf else f"{high:g})" if open_end else f"{high:g}]"
        raise ValueError(f"{name} must be in [{low:g}, {end}. Received: {name}={value!r}")
    return float(value)


def check_positive(name: str, value: Any) -> float | None:
    """Return `value` as a float, or None.

    Raises
    ------
    ValueError
        If it is neither None nor a positive number.
    """
    if value is None:
        return None
    if not is_number(value) or not value > 0:
        raise ValueError(f"{name} must be positive or None. Received: {name}={value!r}")
    return float(value)


def check_count(name: str, value: Any, least: int) -> int | None:
    """Return `value` as an int, or None.

    Raises
    ------
    ValueError
        If it is neither None nor an integer of at least `least`.
    """
    if value is None:
        return None
    if not is_integer(value) or value < least:
        raise ValueError(
            f"{name} must be an integer >= {least} or None. Received: {name}={value!r}"
        )
    return int(value)
