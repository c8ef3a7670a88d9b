"""Adagrad."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    Source: Duchi et al., 2011, "Adaptive subgradient methods for online learning and stochastic
    optimization".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    initial_accumulator_value : float, default=0.1
        What the sum starts from, not negative.
    epsilon : float, default=1e-7
        Added to the sum.
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
    >>> w, optimizer = np.array([1.0]), optimizers.Adagrad(0.1, initial_accumulator_value=0.0)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([0.9])
    """

    _hyperparameters = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value = check_range(
            "initial_accumulator_value", initial_accumulator_value, 0.0
        )
        self.epsilon = check_range("epsilon", epsilon, 0.0)

    def _engine_name(self) -> str:
        return "adagrad"
