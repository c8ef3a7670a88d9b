"""RMSprop."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squared gradients.

    Source: Tieleman and Hinton, 2012, lecture 6.5 of "Neural networks for machine learning".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    rho : float in [0, 1], default=0.9
        How much of the mean stays at each step.
    momentum : float in [0, 1], default=0.0
    epsilon : float, default=1e-7
        Added to the mean square.
    centered : bool, default=False
        Whether the gradient's mean is taken off its mean square.
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
    >>> w, optimizer = np.array([1.0]), optimizers.RMSprop(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([1.0]), w)])
    >>> w.round(3)
    array([0.684])
    """

    _hyperparameters = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = check_range("rho", rho, 0.0, 1.0)
        self.momentum = check_range("momentum", momentum, 0.0, 1.0)
        self.epsilon = check_range("epsilon", epsilon, 0.0)
        self.centered = bool(centered)

    def _engine_name(self) -> str:
        return "rmsprop_momentum" if self.momentum or self.centered else "rmsprop"
