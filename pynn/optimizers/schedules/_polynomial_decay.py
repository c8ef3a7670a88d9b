"""Decay of the learning rate along a polynomial."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.optimizers.schedules._schedule import FormulaSchedule, check_positive


class PolynomialDecay(FormulaSchedule):
    """The rate ``(initial - end) * (1 - step / decay_steps) ** power + end``, then `end`.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        After how many steps the end is reached.
    end_learning_rate : float, default=0.0001
    power : float, default=1.0
        1 is a line.
    cycle : bool, default=False
        Whether, at the end, `decay_steps` is doubled, tripled and so on in place of staying there.
    name : str, default="PolynomialDecay"

    Raises
    ------
    ValueError
        If `decay_steps` is not positive.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.PolynomialDecay(0.5, decay_steps=10, end_learning_rate=0.0)
    >>> schedule(0), schedule(5), schedule(50)
    (0.5, 0.25, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def _rates(self, steps: np.ndarray) -> Any:
        if self.cycle:
            rounds = np.maximum(1.0, np.ceil(steps / self.decay_steps))
            done = steps / (self.decay_steps * rounds)
        else:
            done = np.minimum(steps / self.decay_steps, 1.0)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * np.power(1.0 - done, self.power) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }
