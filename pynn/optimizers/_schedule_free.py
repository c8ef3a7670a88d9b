"""Adam that needs no schedule: gradients are taken between its steps and their average."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from pynn.optimizers._adam import MomentOptimizer
from pynn.optimizers._common import CommonOptions, check_count
from pynn.optimizers._declaration import optimizer
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._numpy_optimizer import NumpyOptimizer

__all__ = ["ScheduleFreeAdamW"]


@optimizer()
class ScheduleFreeAdamW(NumpyOptimizer, MomentOptimizer):
    """Adam without a schedule: the weights lie between its steps and the average of these.

    What is kept begins as the weight itself, so steps are computed in NumPy, batch by batch.
    Source: Defazio et al., 2024, "The road less scheduled".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.0025
    beta_1 : float in (0, 1), default=0.9
        How far the weights lie towards the average.
    beta_2 : float in [0, 1), default=0.999
        How much of the mean of squared gradients stays at each step.
    epsilon : float, default=1e-8
        Added to the root of the mean square.
    warmup_steps : int, default=0
        In how many steps the rate rises to its full value.
    **common
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import optimizers
    >>> w, optimizer = np.array([1.0]), optimizers.ScheduleFreeAdamW(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([0.9])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)
        if not self.beta_1:
            raise ValueError(f"beta_1 must be in (0, 1). Received: beta_1={beta_1!r}")
        self.warmup_steps = check_count("warmup_steps", warmup_steps, 0) or 0

    def _first_state(self, w: np.ndarray, variable: Any) -> list[np.ndarray]:
        return [w.copy(), np.zeros_like(w)]

    def _stepped(
        self, w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], rate: float, step: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        if self.warmup_steps:
            rate *= min(step / self.warmup_steps, 1.0)
        point, square = slots
        average = (w - (1.0 - self.beta_1) * point) / self.beta_1
        square = self.beta_2 * square + (1.0 - self.beta_2) * np.square(g)
        point = point - rate * g / (np.sqrt(square / (1.0 - self.beta_2**step)) + self.epsilon)
        average = average + (point - average) / step
        return point + self.beta_1 * (average - point), [point, square]
