"""Decay of the learning rate along half a cosine, after a warm-up if asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.optimizers.schedules._schedule import FormulaSchedule, check_positive


class CosineDecay(FormulaSchedule):
    """A rate that falls along half a cosine, from its start to `alpha` times that.

    Source: Loshchilov and Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts".

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        How many steps the fall takes.
    alpha : float, default=0.0
        The last rate, as a fraction of the one that the fall starts from.
    name : str, default="CosineDecay"
    warmup_target : float, default=None
        If given, the rate first rises to this, along a line, and falls from there.
    warmup_steps : int, default=0
        How many steps the rise takes.

    Raises
    ------
    ValueError
        If `decay_steps` is not positive.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.CosineDecay(
    ...     0.0, decay_steps=100, warmup_target=0.5, warmup_steps=10
    ... )
    >>> schedule(0), schedule(5), schedule(10), schedule(60), schedule(110)
    (0.0, 0.25, 0.5, 0.25, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        check_positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def _rates(self, steps: np.ndarray) -> Any:
        if self.warmup_target is None:
            return self._fall(self.initial_learning_rate, steps)
        fall = self._fall(self.warmup_target, steps - self.warmup_steps)
        slope = (self.warmup_target - self.initial_learning_rate) / max(self.warmup_steps, 1)
        rise = self.initial_learning_rate + slope * steps
        return np.where(steps < self.warmup_steps, rise, fall)

    def _fall(self, start: float, steps: np.ndarray) -> Any:
        done = np.minimum(steps, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1.0 + np.cos(np.pi * done))
        return start * ((1.0 - self.alpha) * cosine + self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }
