"""Adam."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._common import CommonOptions
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._moments import MomentOptimizer


class Adam(MomentOptimizer):
    """Steps along a running mean of gradients, divided by the root of that of their squares.

    Sources: Kingma and Ba, 2015, "Adam: a method for stochastic optimization"; for `amsgrad` Reddi
    et al., 2018, "On the convergence of Adam and beyond".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
        How much of the means stays at each step, of gradients and of squares.
    epsilon : float, default=1e-7
        Added to the root, whose correction for the first steps is left to the rate ("epsilon hat"
        in the paper).
    amsgrad : bool, default=False
        Whether the largest mean of squares so far is used.
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
    >>> w, optimizer = np.array([1.0]), optimizers.Adam(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([0.9])
    """

    _hyperparameters = (*MomentOptimizer._hyperparameters, "amsgrad")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)
        self.amsgrad = bool(amsgrad)

    def _engine_name(self) -> str:
        return "adam_amsgrad" if self.amsgrad else "adam"
