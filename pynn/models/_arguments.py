"""Arguments that `fit`, `evaluate` and `predict` share, and the form of their results."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._number_checks import checked_size
from pynn._state import is_interactive_logging_enabled


def checked_verbose(value: Any) -> int:
    """Return `verbose` as 0, 1 or 2.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if isinstance(value, str) and value == "auto":
        return int(is_interactive_logging_enabled())
    if isinstance(value, (bool, int, np.integer)) and 0 <= value <= 2:
        return int(value)
    raise ValueError(f"verbose must be 'auto', 0, 1 or 2. Received: verbose={value!r}")


def checked_count(name: str, value: Any, default: Any) -> Any:
    """Return `value` as an int, or `default` for None.

    Raises
    ------
    ValueError
        If it is no positive integer.
    """
    return default if value is None else checked_size(name, value)


def figures(logs: dict[str, Any], return_dict: bool) -> Any:
    """Return logs as a dict, a list, or the loss alone if there is nothing else."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
