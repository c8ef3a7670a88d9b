"""Adam and its kin, which keep decaying means of gradients and of their sizes."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from pynn.optimizers._common import CommonOptions, OptionsBesidesDecay, check_range
from pynn.optimizers._declaration import Formula, Hyper, Step, optimizer
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer

__all__ = ["Adam", "AdamW", "Adamax", "Nadam"]


class MomentOptimizer(Optimizer):
    """Base of the optimizers that divide a mean of gradients by a measure of their size."""

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = check_range("beta_1", beta_1, 0.0, 1.0, open_end=True)
        self.beta_2 = check_range("beta_2", beta_2, 0.0, 1.0, open_end=True)
        self.epsilon = check_range("epsilon", epsilon, 0.0)


def means(g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> list[np.ndarray]:
    """Return the means of gradients and of squares."""
    square = h.beta_2 * slots[1] + (1 - h.beta_2) * g**2
    return [h.beta_1 * slots[0] + (1 - h.beta_1) * g, square]


def _corrected_rate(h: Hyper) -> float:
    """Return the rate with which means that began at zero count as if they had not."""
    return h.rate * np.sqrt(1 - h.beta_2**h.step) / (1 - h.beta_1**h.step)


def adam(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    mean, square = means(g, slots, h)
    return w - _corrected_rate(h) * mean / (np.sqrt(square) + h.epsilon), [mean, square]


def _corrected(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    mean, square = means(g, slots, h)
    first, second = mean / (1 - h.beta_1**h.step), square / (1 - h.beta_2**h.step)
    return w - h.rate * first / (np.sqrt(second) + h.epsilon), [mean, square]


def _amsgrad(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    mean, square = means(g, slots, h)
    largest = np.maximum(slots[2], square)
    new = w - _corrected_rate(h) * mean / (np.sqrt(largest) + h.epsilon)
    return new, [mean, square, largest]


@optimizer(
    Formula(
        "adam",
        adam,
        {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
        keras_names=("momentum", "velocity"),
    ),
    Formula(
        "adam_corrected",
        _corrected,
        {"learning_rate": 0.05, "epsilon": 1e-3, "epsilon_after_correction": True},
        keras_names=("momentum", "velocity"),
    ),
    Formula(
        "adam_amsgrad",
        _amsgrad,
        {"learning_rate": 0.05, "amsgrad": True},
        keras_names=("momentum", "velocity", "velocity_hat"),
        keras_slots=((0, 1), (2,)),
    ),
)
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
    epsilon_after_correction : bool, default=False
        Whether epsilon is added to the corrected root, as in the paper's algorithm and in PyTorch.
    **common
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the last two are both True.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import optimizers
    >>> w, optimizer = np.array([1.0]), optimizers.Adam(0.1)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([0.9])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        epsilon_after_correction: bool = False,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)
        self.amsgrad = bool(amsgrad)
        self.epsilon_after_correction = bool(epsilon_after_correction)
        if self.amsgrad and self.epsilon_after_correction:
            raise ValueError("only one of amsgrad and epsilon_after_correction may be True")

    def _engine_name(self) -> str:
        if self.epsilon_after_correction:
            return "adam_corrected"
        return "adam_amsgrad" if self.amsgrad else "adam"

    def _hyperparameters(self) -> dict[str, Any]:
        found = super()._hyperparameters()
        if not self.epsilon_after_correction:  # Keras has no such argument
            del found["epsilon_after_correction"]
        return found


@optimizer()
class AdamW(Adam):
    """Adam, with weights that shrink apart from the gradient's step.

    Source: Loshchilov and Hutter, 2019, "Decoupled weight decay regularization".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    weight_decay : float, LearningRateSchedule or callable, default=0.004
        Weights shrink by ``learning_rate * weight_decay`` of themselves at each step.
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
    epsilon : float, default=1e-7
    amsgrad, epsilon_after_correction : bool, default=False
        See `Adam`.
    **common
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or `weight_decay` is None.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import optimizers
    >>> w, optimizer = np.array([1.0]), optimizers.AdamW(0.1, weight_decay=0.5)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([0.85])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: LearningRate = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        epsilon_after_correction: bool = False,
        **common: Unpack[OptionsBesidesDecay],
    ) -> None:
        if weight_decay is None:
            raise ValueError("weight_decay must be a number. Received: None. Use Adam for none")
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            epsilon_after_correction,
            weight_decay=weight_decay,
            **common,
        )


def _adamax(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    mean = h.beta_1 * slots[0] + (1 - h.beta_1) * g
    largest = np.maximum(h.beta_2 * slots[1], np.abs(g))
    rate = h.rate / (1 - h.beta_1**h.step)
    return w - rate * mean / (largest + h.epsilon), [mean, largest]


@optimizer(
    Formula("adamax", _adamax, {"learning_rate": 0.05}, keras_names=("momentum", "norm")),
)
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


def _momentum_product(beta_1: float, steps: int) -> float:
    """Return the product of the momenta of the first steps."""
    return float(np.prod(beta_1 * (1 - 0.5 * 0.96 ** np.arange(1, steps + 1))))


def _nadam(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    mean, square = means(g, slots, h)
    product, following = (_momentum_product(h.beta_1, h.step + i) for i in (0, 1))
    now, then = (h.beta_1 * (1 - 0.5 * 0.96 ** (h.step + i)) for i in (0, 1))
    corrected = then * mean / (1 - following) + (1 - now) * g / (1 - product)
    root = np.sqrt(square / (1 - h.beta_2**h.step))
    return w - h.rate * corrected / (root + h.epsilon), [mean, square]


@optimizer(
    Formula(
        "nadam",
        _nadam,
        {"learning_rate": 0.05, "beta_1": 0.8},
        keras_names=("momentum", "velocity"),
        keras_last=lambda optimizer, steps: _momentum_product(optimizer.beta_1, steps),
    )
)
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
