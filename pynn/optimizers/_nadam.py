"""Adam with Nesterov momentum."""

from __future__ import annotations

from pynn.optimizers._moments import MomentOptimizer


class Nadam(MomentOptimizer):
    """Adam with Nesterov's momentum in place of the classical one.

    The momentum of step t is ``beta_1 (1 - 0.5 * 0.96**t)`` (Dozat, 2016, "Incorporating Nesterov
    momentum into Adam").

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
        How much of the means stays at each step, of gradients and of squares.
    epsilon : float, default=1e-7
        Added to the root.
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
    >>> w, optimizer = np.array([1.0]), optimizers.Nadam(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(4)
    array([0.8937])
    """

    def _engine_name(self) -> str:
        return "nadam"
