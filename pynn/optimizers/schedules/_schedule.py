"""The list of learning-rate schedules and their base classes. No formula belongs here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from pynn._number_checks import is_number
from pynn._numbers import Number
from pynn._registry import Configured, Registry

registry: Registry[LearningRateSchedule] = Registry("learning-rate schedule")


class LearningRateSchedule(Configured, ABC):
    """A learning rate that depends on the step.

    Subclasses define ``__call__(step)``, which returns the rate of the step of that number,
    counted from 0, and ``get_config`` for saving.

    Examples
    --------
    >>> from pynn import optimizers
    >>> class Warmup(optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return min(0.1, 0.01 * (step + 1))
    >>> optimizer = optimizers.SGD(Warmup())
    >>> print(optimizer.learning_rate)
    0.01
    """

    @abstractmethod
    def __call__(self, step: Any) -> Any:
        """Return the learning rate of step number `step`."""


class FormulaSchedule(LearningRateSchedule):
    """Base of the built-in schedules: a formula over many steps at once."""

    @abstractmethod
    def _rates(self, steps: np.ndarray) -> Any:
        """Return the rates of the steps, an array of float64."""

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of step number `step`.

        Parameters
        ----------
        step : int or array of int
            Counted from 0.

        Returns
        -------
        Number
            An array for an array.
        """
        steps = np.asarray(step, dtype=np.float64)
        # NumPy's power of a lone number may differ from that of an array in the last bit.
        rates = np.asarray(self._rates(steps.reshape(-1))).reshape(steps.shape)
        return Number(rates) if steps.ndim == 0 else rates


def is_formula(schedule: Any) -> bool:
    """Whether the numbers of steps follow from it without any code of the user's."""
    return type(schedule).__call__ is FormulaSchedule.__call__


def check_positive(name: str, value: Any) -> None:
    """Raise ValueError unless `value` is above 0."""
    if not is_number(value) or not value > 0:
        raise ValueError(f"{name} must be positive. Received: {name}={value!r}")
