"""The learning rate of scikit-learn's MLPs between epochs: constant, falling, or adaptive."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.estimators._saving import saved_as

_SMALLEST_RATE = 1e-6
_ADAPTIVE_FACTOR = 5.0


@saved_as("StepSize")
class StepSize:
    """The rule by which an optimizer's learning rate changes between epochs.

    Parameters
    ----------
    optimizer : pynn.optimizers.Optimizer
        Its learning rate is what counts; a schedule is left alone.
    kind : {"constant", "invscaling", "adaptive"}
        Constant; ``initial / (samples seen + 1) ** power``; or divided by 5 whenever training
        would otherwise stop, until it is below 1e-6.
    power : float
        The exponent of "invscaling".
    """

    def __init__(self, optimizer: Any, kind: str, power: float) -> None:
        self.optimizer = optimizer
        self.kind = kind
        self.power = power
        self.initial = 0.0 if kind == "constant" else float(optimizer.learning_rate)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(self.optimizer.learning_rate)

    def rates(self, first_step: int, count: int) -> np.ndarray:
        """Return the rates of `count` steps, float64 (count,)."""
        rates: np.ndarray = self.optimizer._rates(first_step, count)
        return rates

    def epoch_ends(self, samples_seen: int) -> None:
        """Set the rate of the next epoch."""
        if self.kind == "invscaling":
            self.optimizer.learning_rate = self.initial / (samples_seen + 1) ** self.power

    def stops(self, reason: str, verbose: bool) -> bool:
        """Whether training ends now that it no longer improves; if not, the rate gets smaller."""
        if self.kind == "adaptive" and self.learning_rate > _SMALLEST_RATE:
            self.optimizer.learning_rate = self.learning_rate / _ADAPTIVE_FACTOR
            if verbose:
                print(f"{reason} Setting learning rate to {self.learning_rate:f}")
            return False
        if verbose:
            too_small = "Learning rate too small. " if self.kind == "adaptive" else ""
            print(f"{reason} {too_small}Stopping.")
        return True
