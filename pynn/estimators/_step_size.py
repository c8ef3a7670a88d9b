"""The learning rate of scikit-learn's MLPs: constant, falling with time, or adaptive."""

from __future__ import annotations

import numpy as np

_SMALLEST_RATE = 1e-6
_ADAPTIVE_FACTOR = 5.0


class StepSize:
    """A learning rate that changes between epochs.

    Parameters
    ----------
    initial : float
        The rate of the first epoch.
    kind : {"constant", "invscaling", "adaptive"}
        Constant; ``initial / (samples seen + 1) ** power``; or divided by 5 whenever training
        would otherwise stop, until it is below 1e-6.
    power : float
        The exponent of "invscaling".

    Attributes
    ----------
    learning_rate : float
        The rate of the epoch to come.
    """

    def __init__(self, initial: float, kind: str, power: float) -> None:
        self.initial = initial
        self.kind = kind
        self.power = power
        self.learning_rate = initial

    def rates(self, first_step: int, count: int) -> np.ndarray:
        """Return the rates of `count` steps, float64 (count,)."""
        return np.full(count, self.learning_rate, np.float64)

    def epoch_ends(self, samples_seen: int) -> None:
        """Set the rate of the next epoch."""
        if self.kind == "invscaling":
            self.learning_rate = float(self.initial) / (samples_seen + 1) ** self.power

    def stops(self, reason: str, verbose: bool) -> bool:
        """Whether training ends now that it no longer improves; if not, the rate gets smaller."""
        if self.kind == "adaptive" and self.learning_rate > _SMALLEST_RATE:
            self.learning_rate /= _ADAPTIVE_FACTOR
            if verbose:
                print(f"{reason} Setting learning rate to {self.learning_rate:f}")
            return False
        if verbose:
            too_small = "Learning rate too small. " if self.kind == "adaptive" else ""
            print(f"{reason} {too_small}Stopping.")
        return True
