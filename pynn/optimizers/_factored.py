"""Adafactor: steps divided by the root of squared gradients, which only rows and columns keep."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from pynn._number_checks import is_number
from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._declaration import optimizer
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._numpy_optimizer import NumpyOptimizer

__all__ = ["Adafactor"]


def _root_mean_square(x: np.ndarray) -> Any:
    return np.sqrt(np.mean(np.square(x)))


@optimizer()
class Adafactor(NumpyOptimizer):
    """Steps relative to a weight's size, divided by a root of factored means of squared gradients.

    Of a matrix's squared gradients only the means of rows and of columns decide. The root of a mean
    over the whole weight is in each step, so they are computed in NumPy, batch by batch.
    Source: Shazeer and Stern, 2018, "Adafactor: adaptive learning rates with sublinear memory
    cost".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
        Times the weight's root mean square. It is at most ``1 / sqrt(step)``.
    beta_2_decay : float, default=-0.8
        Of the means ``1 - step**beta_2_decay`` stays at each step; not positive.
    epsilon_1 : float, default=1e-30
        Added to squared gradients.
    epsilon_2 : float, default=1e-3
        The least root mean square that a weight counts with.
    clip_threshold : float, default=1.0
        The largest root mean square of a step before it is multiplied by the rate; positive.
    relative_step : bool, default=True
        Kept in the config for Keras, where the rate is at most ``1 / sqrt(step)`` either way.
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
    >>> w, optimizer = np.array([2.0]), optimizers.Adafactor(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([1.8])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_2_decay = check_range("beta_2_decay", beta_2_decay, -math.inf, 0.0)
        self.epsilon_1 = check_range("epsilon_1", epsilon_1, 0.0)
        self.epsilon_2 = check_range("epsilon_2", epsilon_2, 0.0)
        if not is_number(clip_threshold) or not clip_threshold > 0:
            raise ValueError(
                f"clip_threshold must be positive. Received: clip_threshold={clip_threshold!r}"
            )
        self.clip_threshold = float(clip_threshold)
        self.relative_step = bool(relative_step)

    def _first_state(self, w: np.ndarray, variable: Any) -> list[np.ndarray]:
        return [np.zeros_like(w)]

    def _to_keras(self, state: list[np.ndarray]) -> list[np.ndarray]:
        # The means of rows and of columns, of which Keras makes the last one; of vectors a 0.
        return [
            array
            for square in state
            for array in (
                *(square.mean(axis) if square.ndim > 1 else np.zeros(()) for axis in (-1, -2)),
                square,
            )
        ]

    def _from_keras(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        return arrays[-1:]

    def _stepped(
        self, w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], rate: float, step: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        stays = 1.0 - step**self.beta_2_decay

        def mean(*axis: int) -> np.ndarray:
            # The means of rows and columns are those of the slot, which was made of them.
            before, square = slots[0], np.square(g) + g.dtype.type(self.epsilon_1)
            if axis:
                before, square = (np.mean(x, axis=axis, keepdims=True) for x in (before, square))
            return stays * before + (1.0 - stays) * square

        if w.ndim < 2:
            square = mean()
        else:
            rows = mean(-1)
            square = rows / np.mean(rows, axis=-2, keepdims=True) * mean(-2)
        update = g / np.sqrt(square)
        update /= max(1.0, float(_root_mean_square(update)) / self.clip_threshold)
        size = max(self.epsilon_2, float(_root_mean_square(w)))
        return w - size * min(rate, 1.0 / math.sqrt(step)) * update, [square]
