"""Repeated decay of the learning rate along half a cosine."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.optimizers.schedules._schedule import FormulaSchedule, check_positive


class CosineDecayRestarts(FormulaSchedule):
    """A rate that falls along half a cosine, again and again.

    Source: Loshchilov and Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts".

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
        How many steps the first fall takes.
    t_mul : float, default=2.0
        How many times longer each fall is than the one before.
    m_mul : float, default=1.0
        Factor on the rate at each restart.
    alpha : float, default=0.0
        The last rate of a fall, as a fraction of the first.
    name : str, default="SGDRDecay"

    Raises
    ------
    ValueError
        If `first_decay_steps` or `t_mul` is not positive.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.CosineDecayRestarts(0.5, first_decay_steps=10)
    >>> schedule(0), schedule(5), schedule(10), schedule(20), schedule(30)
    (0.5, 0.25, 0.5, 0.25, 0.5)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_positive("first_decay_steps", first_decay_steps)
        check_positive("t_mul", t_mul)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def _rates(self, steps: np.ndarray) -> Any:
        time = steps / self.first_decay_steps
        restarts = self._restarts(time)
        done = (time - self._start(restarts)) / np.power(float(self.t_mul), restarts)
        cosine = 0.5 * np.power(float(self.m_mul), restarts) * (1.0 + np.cos(np.pi * done))
        return self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)

    def _start(self, restarts: np.ndarray) -> Any:
        """Return the time of a restart: the geometric sum of the falls before it."""
        if self.t_mul == 1:
            return restarts
        return (1.0 - np.power(float(self.t_mul), restarts)) / (1.0 - self.t_mul)

    def _restarts(self, time: np.ndarray) -> Any:
        if self.t_mul == 1:
            return np.floor(time)
        inner = np.maximum(1.0 - time * (1.0 - self.t_mul), np.finfo(float).tiny)
        guess = np.maximum(np.floor(np.log(inner) / np.log(self.t_mul)), 0.0)
        # The quotient of logarithms may fall short of a whole number by rounding.
        return np.where(self._start(guess + 1.0) <= time, guess + 1.0, guess)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
