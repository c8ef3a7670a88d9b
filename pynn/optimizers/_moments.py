"""The arguments of Adam and its kin, which keep decaying means of gradients and of their sizes."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._common import CommonOptions, check_range
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._optimizer import Optimizer


class MomentOptimizer(Optimizer):
    """Base of the optimizers that divide a mean of gradients by a measure of their size."""

    _hyperparameters: tuple[str, ...] = ("beta_1", "beta_2", "epsilon")

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
