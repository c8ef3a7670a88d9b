"""Adamax."""

from __future__ import annotations

from pynn.optimizers._moments import MomentOptimizer


class Adamax(MomentOptimizer):
    """Adam on the infinity norm: steps are divided by a decaying maximum of gradients.

    Source: Kingma and Ba, 2015, "Adam: a method for stochastic optimization", section 7.1.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
        How much of the mean and of the maximum stays at each step.
    epsilon : float, default=1e-7
        Added to the maximum.
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
    >>> w, optimizer = np.array([1.0]), optimizers.Adamax(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([0.9])
    """

    def _engine_name(self) -> str:
        return "adamax"
