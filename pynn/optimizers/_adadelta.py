"""Adadelta."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer


class Adadelta(Optimizer):
    """Steps scaled by the ratio of the running roots of squared steps and squared gradients.

    Source: Zeiler, 2012, "ADADELTA: an adaptive learning rate method". The paper has the rate 1.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    rho : float in [0, 1], default=0.95
        How much of the means stays at each step.
    epsilon : float, default=1e-7
        Added to the means.
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
    >>> w, optimizer = np.array([1.0]), optimizers.Adadelta(1.0, epsilon=0.01)
    >>> _ = optimizer.apply_gradients([(np.array([1.0]), w)])
    >>> w.round(4)
    array([0.5918])
    """

    _hyperparameters = ("rho", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = check_range("rho", rho, 0.0, 1.0)
        self.epsilon = check_range("epsilon", epsilon, 0.0)

    def _engine_name(self) -> str:
        return "adadelta"
