"""The numbers of alpha dropout, for the op and for the engine's nodes that stand for it."""

from __future__ import annotations

# What a SELU of minus infinity comes to: -alpha * scale.
SELU_FLOOR = -1.7580993408473766


def alpha_affine(rate: float) -> tuple[float, float]:
    """Return factor and offset that bring mean 0 and variance 1 back after dropping."""
    a = ((1 - rate) * (1 + rate * SELU_FLOOR**2)) ** -0.5
    return a, -a * SELU_FLOOR * rate
