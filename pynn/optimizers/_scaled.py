"""Steps divided by the root of squared gradients: of their mean, their sum, or both."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._declaration import Formula, Hyper, Step, optimizer
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


def _rmsprop(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    square = h.rho * slots[0] + (1 - h.rho) * g**2
    return w - h.rate * g / np.sqrt(square + h.epsilon), [square]


def _rmsprop_momentum(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    square = h.rho * slots[0] + (1 - h.rho) * g**2
    mean = h.rho * slots[2] + (1 - h.rho) * g
    variance = square - mean**2 if h.centered else square
    velocity = h.momentum * slots[1] + h.rate * g / np.sqrt(variance + h.epsilon)
    return w - velocity, [square, velocity, mean]


@optimizer(
    Formula("rmsprop", _rmsprop, {"learning_rate": 0.05, "rho": 0.8}, ("velocity",)),
    Formula(
        "rmsprop_momentum",
        _rmsprop_momentum,
        {"learning_rate": 0.05, "rho": 0.8, "momentum": 0.5, "centered": True},
        keras_names=("velocity", "momentum", "average_gradient"),
        keras_slots=((0,), (1,), (2,)),
        keras_only_if={1: "momentum", 2: "centered"},
    ),
)
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


def _adagrad(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    total = slots[0] + g**2
    return w - h.rate * g / np.sqrt(total + h.epsilon), [total]


@optimizer(
    Formula(
        "adagrad",
        _adagrad,
        {"learning_rate": 0.05, "initial_accumulator_value": 0.3},
        keras_names=("accumulator",),
    )
)
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


def _adadelta(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    square = h.rho * slots[0] + (1 - h.rho) * g**2
    delta = -np.sqrt(slots[1] + h.epsilon) * g / np.sqrt(square + h.epsilon)
    return w + h.rate * delta, [square, h.rho * slots[1] + (1 - h.rho) * delta**2]


@optimizer(
    Formula(
        "adadelta",
        _adadelta,
        {"learning_rate": 0.5, "epsilon": 1e-3},
        keras_names=("accumulated_grad", "accumulated_delta_var"),
    )
)
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
