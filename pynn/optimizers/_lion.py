"""Lion."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer


class Lion(Optimizer):
    """Steps of one size, by the sign of a momentum.

    Source: Chen et al., 2023, "Symbolic discovery of optimization algorithms".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
        About a tenth of what Adam would need.
    beta_1 : float in (0, 1], default=0.9
        Share of the momentum in the step.
    beta_2 : float in [0, 1], default=0.99
        How much of the momentum stays.
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
    >>> w, optimizer = np.array([1.0]), optimizers.Lion(0.25)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w
    array([0.75])
    """

    _hyperparameters = ("beta_1", "beta_2")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = check_range("beta_1", beta_1, 0.0, 1.0)
        self.beta_2 = check_range("beta_2", beta_2, 0.0, 1.0)
        if self.beta_1 == 0:
            raise ValueError(f"beta_1 must be in (0, 1]. Received: beta_1={beta_1!r}")

    def _engine_name(self) -> str:
        return "lion"
