"""Decay of the learning rate with the inverse of time."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.optimizers.schedules._unit_decay import UnitDecay


class InverseTimeDecay(UnitDecay):
    """The rate ``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        The unit of time.
    decay_rate : float
    staircase : bool, default=False
        Whether only whole units of time count.
    name : str, default="InverseTimeDecay"

    Raises
    ------
    ValueError
        If `decay_steps` is not positive.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)
    >>> schedule(0), schedule(10)
    (0.1, 0.05)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def _rates(self, steps: np.ndarray) -> Any:
        return self.initial_learning_rate / (1.0 + self.decay_rate * self._time(steps))
