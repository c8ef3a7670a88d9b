"""The arguments that all optimizers share, and their checks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypedDict

from pynn._number_checks import is_integer, is_number
from pynn._user_warning import warn_user


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


def _checked_decay(name: str, value: Any) -> Any:
    return value if value is None or callable(value) else check_range(name, value, 0.0)


_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "decay": lambda name, value: check_range(name, value or 0.0, 0.0),
    "weight_decay": _checked_decay,
    **dict.fromkeys(_CLIPS, check_positive),
    "use_ema": lambda name, value: bool(value),
    "ema_momentum": lambda name, value: check_range(name, value, 0.0, 1.0),
    "ema_overwrite_frequency": lambda name, value: check_count(name, value, 1),
    "loss_scale_factor": check_positive,
    "gradient_accumulation_steps": lambda name, value: check_count(name, value, 2),
    "lazy": lambda name, value: bool(value),
}


def checked_options(given: CommonOptions) -> dict[str, Any]:
    """Return the options that were given, as an optimizer's attributes.

    Raises
    ------
    ValueError
        If one is out of its range, or gradients are to be clipped in several ways.
    """
    values: dict[str, Any] = {**given}
    found = {name: check(name, values[name]) for name, check in _CHECKS.items() if name in values}
    if found.get("decay"):
        warn_user(
            "decay is an older argument; use learning_rate=schedules.InverseTimeDecay(rate, "
            "decay_steps=1, decay_rate=decay)",
            FutureWarning,
        )
    clips = {name: found.get(name) for name in _CLIPS}
    if sum(value is not None for value in clips.values()) > 1:
        raise ValueError(
            "only one of clipnorm, clipvalue and global_clipnorm may be given. Received: "
            + ", ".join(f"{name}={value}" for name, value in clips.items())
        )
    return found
