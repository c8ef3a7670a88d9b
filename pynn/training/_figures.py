"""Figures as progress shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def format_time_per_step(seconds: float) -> str:
    """Return a time such as ``"250us/step"``, ``"3ms/step"`` or ``"2s/step"``.

    Examples
    --------
    >>> format_time_per_step(0.00025)
    '250us/step'
    """
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/step"
    return f"{seconds * 1e6:.0f}us/step"


def format_logs(logs: Mapping[str, Any]) -> str:
    """Return figures such as ``" - loss: 0.7237 - accuracy: 0.8912"``."""
    shown = ""
    for name, value in logs.items():
        if type(value) is float and not -1e-3 <= value <= 1e-3:  # as format_figure has it
            shown += f" - {name}: {value:.4f}"
        else:
            shown += f" - {name}: {format_figure(value)}"
    return shown


def format_figure(value: Any) -> str:
    """Return a number such as ``"0.7237"`` or ``"1.2000e-04"``; anything else as it prints.

    Examples
    --------
    >>> format_figure(0.00012)
    '1.2000e-04'
    """
    if type(value) is float:
        number = value
    else:
        try:
            number = float(value)
        except (TypeError, ValueError):
            return str(value)
    small = number != 0 and abs(number) <= 1e-3
    return f"{number:.4e}" if small else f"{number:.4f}"
