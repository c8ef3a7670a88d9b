"""Label smoothing: targets moved towards the even distribution."""

from __future__ import annotations

from typing import Any

from pynn._number_checks import is_number


def check_smoothing(label_smoothing: float) -> None:
    """Raise ValueError unless `label_smoothing` is in [0, 1]."""
    if not is_number(label_smoothing) or not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"label_smoothing must be in [0, 1]. Received: label_smoothing={label_smoothing!r}"
        )


def smooth(y_true: Any, label_smoothing: float, outcomes: int) -> Any:
    """Return `y_true` moved towards ``1 / outcomes`` by the share `label_smoothing`."""
    check_smoothing(label_smoothing)
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / outcomes
