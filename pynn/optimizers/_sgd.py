"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer


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

    _hyperparameters = ("momentum", "nesterov")

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
