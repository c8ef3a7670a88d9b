"""Follow the regularized leader."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from pynn._number_checks import is_number
from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._declaration import Formula, Hyper, Step, optimizer
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer

__all__ = ["Ftrl"]


def _ftrl(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    l1, l2 = h.l1_regularization_strength, h.l2_regularization_strength + h.beta / (2 * h.rate)
    shrunk = g + 2 * h.l2_shrinkage_regularization_strength * w
    total = slots[0] + g**2
    power = -h.learning_rate_power
    linear = slots[1] + shrunk - (total**power - slots[0] ** power) / h.rate * w
    return (np.clip(linear, -l1, l1) - linear) / (total**power / h.rate + 2 * l2), [total, linear]


@optimizer(
    Formula(
        "ftrl",
        _ftrl,
        {
            "learning_rate": 0.05,
            "l1_regularization_strength": 0.01,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.02,
            "beta": 0.3,
        },
        keras_names=("accumulator", "linear"),
    )
)
class Ftrl(Optimizer):
    """Follow the regularized leader, made for large and sparse linear models.

    Source: McMahan et al., 2013, "Ad click prediction: a view from the trenches".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    learning_rate_power : float, default=-0.5
        Not positive; how the rate falls with the sum of squared gradients, 0 for not at all.
    initial_accumulator_value : float, default=0.1
        What that sum starts from, not negative.
    l1_regularization_strength, l2_regularization_strength : float, default=0.0
        Not negative.
    l2_shrinkage_regularization_strength : float, default=0.0
        Not negative; a penalty on the size of the step's weights alone.
    beta : float, default=0.0
        From the paper.
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
    >>> w, optimizer = np.array([0.0]), optimizers.Ftrl(0.1, initial_accumulator_value=0.0)
    >>> _ = optimizer.apply_gradients([(np.array([1.0]), w)])
    >>> w.round(6)
    array([-0.1])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        if not is_number(learning_rate_power) or learning_rate_power > 0:
            raise ValueError(
                "learning_rate_power must be a number that is not positive. Received: "
                f"learning_rate_power={learning_rate_power!r}"
            )
        self.learning_rate_power = float(learning_rate_power)
        self.initial_accumulator_value = check_range(
            "initial_accumulator_value", initial_accumulator_value, 0.0
        )
        self.l1_regularization_strength = check_range(
            "l1_regularization_strength", l1_regularization_strength, 0.0
        )
        self.l2_regularization_strength = check_range(
            "l2_regularization_strength", l2_regularization_strength, 0.0
        )
        self.l2_shrinkage_regularization_strength = check_range(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength, 0.0
        )
        self.beta = check_range("beta", beta, 0.0)
