"""Learning rates that fall by a power, with the inverse of time, along a polynomial or in steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn.optimizers.schedules._schedule import FormulaSchedule, check_positive, registry

__all__ = ["ExponentialDecay", "InverseTimeDecay", "PiecewiseConstantDecay", "PolynomialDecay"]


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


@registry.add()
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


@registry.add()
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


@registry.add()
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


@registry.add()
class PiecewiseConstantDecay(FormulaSchedule):
    """The rate ``values[i]`` up to and including step ``boundaries[i]``, then the next.

    Parameters
    ----------
    boundaries : sequence of int
        Steps, in ascending order.
    values : sequence of float
        Rates, one more than boundaries.
    name : str, default="PiecewiseConstant"

    Raises
    ------
    ValueError
        If the numbers do not go together, or the boundaries do not ascend.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.05, 0.01])
    >>> schedule(100), schedule(101), schedule(1000)
    (0.1, 0.05, 0.01)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "boundaries must be one less than values. Received: "
                f"len(boundaries)={len(boundaries)}, len(values)={len(values)}"
            )
        if np.any(np.diff(boundaries) < 0):
            raise ValueError(f"boundaries must ascend. Received: boundaries={boundaries}")
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def _rates(self, steps: np.ndarray) -> Any:
        piece = np.searchsorted(self.boundaries, steps, side="left")
        return np.asarray(self.values, dtype=np.float64)[piece]
