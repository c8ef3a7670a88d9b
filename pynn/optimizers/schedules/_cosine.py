"""Learning rates that fall along half a cosine, once or again and again."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._number_checks import is_number
from pynn.optimizers.schedules._schedule import FormulaSchedule, check_positive, registry

__all__ = ["CosineDecay", "CosineDecayRestarts", "CosineLogCycles", "FlatCosineDecay"]


@registry.add()
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


@registry.add()
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


@registry.add(keras=False)
class CosineLogCycles(FormulaSchedule):
    """A rate that rises from 0 and falls back to it in some cycles, each twice as long as the last.

    At time ``t = step / decay_steps``, up to 1, it is
    ``learning_rate * (1 - cos(2 pi log2(1 + (2 ** cycles - 1) t))) / 2``.

    Source: Holzmüller, Grinsztajn and Steinwart, 2024, "Better by default: strong pre-tuned MLPs
    and boosted trees on tabular data", where four cycles are called coslog4.

    Parameters
    ----------
    learning_rate : float
        The largest.
    decay_steps : int
        How many steps the cycles take together; the rate is 0 after them.
    cycles : int, default=4
    name : str, default="CosineLogCycles"

    Raises
    ------
    ValueError
        If `decay_steps` or `cycles` is not positive.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.CosineLogCycles(0.5, decay_steps=15)
    >>> [round(schedule(step), 6) for step in (0, 1, 3, 7, 15)]
    [0.0, 0.0, 0.0, 0.0, 0.0]
    """

    def __init__(
        self, learning_rate: float, decay_steps: int, cycles: int = 4, name: str = "CosineLogCycles"
    ) -> None:
        check_positive("decay_steps", decay_steps)
        check_positive("cycles", cycles)
        self.learning_rate = learning_rate
        self.decay_steps = decay_steps
        self.cycles = cycles
        self.name = name

    def _rates(self, steps: np.ndarray) -> Any:
        time = np.minimum(steps / self.decay_steps, 1.0)
        turns = np.log2(1.0 + (2.0**self.cycles - 1.0) * time)
        return self.learning_rate * 0.5 * (1.0 - np.cos(2.0 * np.pi * turns))


@registry.add(keras=False)
class FlatCosineDecay(FormulaSchedule):
    """A rate that stays for a while, and then falls to 0 along half a cosine.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        After how many steps it is 0.
    flat : float in [0, 1), default=0.5
        The part of them in which it stays.
    name : str, default="FlatCosineDecay"

    Raises
    ------
    ValueError
        If `decay_steps` is not positive, or `flat` is outside [0, 1).

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.FlatCosineDecay(0.5, decay_steps=100)
    >>> schedule(0), schedule(50), schedule(75), schedule(100)
    (0.5, 0.5, 0.25, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        flat: float = 0.5,
        name: str = "FlatCosineDecay",
    ) -> None:
        check_positive("decay_steps", decay_steps)
        if not is_number(flat) or not 0.0 <= flat < 1.0:
            raise ValueError(f"flat must be in [0, 1). Received: flat={flat!r}")
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.flat = flat
        self.name = name

    def _rates(self, steps: np.ndarray) -> Any:
        time = np.clip((steps / self.decay_steps - self.flat) / (1.0 - self.flat), 0.0, 1.0)
        return self.initial_learning_rate * 0.5 * (1.0 + np.cos(np.pi * time))
