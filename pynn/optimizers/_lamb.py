"""Lamb: Adam's steps, made as long as the weight that they change."""

from __future__ import annotations

import numpy as np

from pynn.optimizers._adam import MomentOptimizer, means
from pynn.optimizers._declaration import optimizer
from pynn.optimizers._numpy_optimizer import NumpyOptimizer

__all__ = ["Lamb"]


@optimizer()
class Lamb(NumpyOptimizer, MomentOptimizer):
    """Adam's steps, each as long as its weight times the learning rate.

    A weight's norm is in each step, so they are computed in NumPy, batch by batch. Source: You et
    al., 2020, "Large batch optimization for deep learning: training BERT in 76 minutes".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
        How much of the means stays at each step, of gradients and of squares.
    epsilon : float, default=1e-7
        Added to the root of the mean square.
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
    >>> w, optimizer = np.array([3.0, 4.0]), optimizers.Lamb(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([5.0, 0.0]), w)])
    >>> w.round(6)
    array([2.5, 4. ])
    """

    _slot_names = ("momentum", "velocity")

    def _stepped(
        self, w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], rate: float, step: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        mean, square = means(g, slots, self)
        root = np.sqrt(square / (1.0 - self.beta_2**step)) + self.epsilon
        update = mean / (1.0 - self.beta_1**step) / root
        lengths = np.linalg.norm(w), np.linalg.norm(update)
        ratio = float(lengths[0] / lengths[1]) if all(lengths) else 1.0
        return w - ratio * rate * update, [mean, square]
