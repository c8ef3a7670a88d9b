"""Exponential decay of the learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.optimizers.schedules._unit_decay import UnitDecay


class ExponentialDecay(UnitDecay):
    """The rate ``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        After how many steps the rate has been multiplied by `decay_rate`.
    decay_rate : float
    staircase : bool, default=False
        Whether the rate stays the same in between.
    name : str, default="ExponentialDecay"

    Raises
    ------
    ValueError
        If `decay_steps` is not positive.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> schedule(0), schedule(20)
    (0.1, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def _rates(self, steps: np.ndarray) -> Any:
        return self.initial_learning_rate * np.power(float(self.decay_rate), self._time(steps))
