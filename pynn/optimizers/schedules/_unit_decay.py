"""What the decays have in common that count time in units of so many steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.optimizers.schedules._schedule import FormulaSchedule, check_positive


class UnitDecay(FormulaSchedule):
    """Base of schedules of the number of steps divided by `decay_steps`."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool,
        name: str,
    ) -> None:
        check_positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def _time(self, steps: np.ndarray) -> Any:
        """Return the units of time that have passed, whole ones on a staircase."""
        time = steps / self.decay_steps
        return np.floor(time) if self.staircase else time

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }
