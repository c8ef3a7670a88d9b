"""Stochastic gradient descent in its three forms, and Lion, which takes the sign of a momentum."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._declaration import Formula, Hyper, Step, optimizer
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer

__all__ = ["Lion", "SGD"]


def _momentum(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    velocity = h.momentum * slots[0] - h.rate * g
    return w + velocity, [velocity]


def _nesterov(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    velocity = h.momentum * slots[0] - h.rate * g
    return w + h.momentum * velocity - h.rate * g, [velocity]


@optimizer(
    Formula("sgd", lambda w, g, slots, h: (w - h.rate * g, []), {"learning_rate": 0.05}),
    Formula("sgd_momentum", _momentum, {"learning_rate": 0.05, "momentum": 0.9}, ("momentum",)),
    Formula(
        "sgd_nesterov",
        _nesterov,
        {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
        keras_names=("momentum",),
    ),
)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked for.

    With momentum ``v = momentum v - rate g`` is added to the weights; Nesterov's variant adds
    ``momentum v - rate g`` (Sutskever et al., 2013, "On the importance of initialization and
    momentum in deep learning").

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.01
    momentum : float in [0, 1], default=0.0
    nesterov : bool, default=False
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
    >>> w, optimizer = np.array([1.0]), optimizers.SGD(0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(np.array([1.0]), w)])
    >>> w
    array([-0.25])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = check_range("momentum", momentum, 0.0, 1.0)
        self.nesterov = bool(nesterov)

    def _engine_name(self) -> str:
        if self.momentum == 0:
            return "sgd"
        return "sgd_nesterov" if self.nesterov else "sgd_momentum"


def _lion(w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], h: Hyper) -> Step:
    direction = np.sign(h.beta_1 * slots[0] + (1 - h.beta_1) * g)
    return w - h.rate * direction, [h.beta_2 * slots[0] + (1 - h.beta_2) * g]


@optimizer(Formula("lion", _lion, {"learning_rate": 0.01, "beta_1": 0.7}, ("momentum",)))
class Lion(Optimizer):
    """Steps of one size, by the sign of a momentum.

    Source: Chen et al., 2023, "Symbolic discovery of optimization algorithms".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
        About a tenth of what Adam would need.
    beta_1 : float in (0, 1], default=0.9
        Share of the momentum in the step.
    beta_2 : float in [0, 1], default=0.99
        How much of the momentum stays.
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
    >>> w, optimizer = np.array([1.0]), optimizers.Lion(0.25)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w
    array([0.75])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **common: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = check_range("beta_1", beta_1, 0.0, 1.0)
        self.beta_2 = check_range("beta_2", beta_2, 0.0, 1.0)
        if self.beta_1 == 0:
            raise ValueError(f"beta_1 must be in (0, 1]. Received: beta_1={beta_1!r}")
