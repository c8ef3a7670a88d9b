"""What the layers that act at random in training share: the check of a rate, and the mode."""

from __future__ import annotations

from typing import Any

from pynn.layers._tracing import TrainingFlag


def checked_rate(rate: Any) -> float:
    """Return `rate` as a float.

    Raises
    ------
    ValueError
        If it is no number in [0, 1).
    """
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise ValueError(f"rate must be a number in [0, 1). Received: rate={rate!r}")
    return float(rate)


def random_arguments(training: Any) -> dict[str, bool] | None:
    """Return the keywords of a random op for a layer's ``training``; None to leave it out."""
    if training is None or isinstance(training, TrainingFlag):
        return {}
    return {"training": True, "always": True} if training else None
