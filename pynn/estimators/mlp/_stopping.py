"""When the training of an MLP has gone on long enough, and which weights it ends with.

The rules are scikit-learn's. What is compared is computed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pynn.estimators.mlp._network import Network


class StoppingRule:
    """Stops a training whose epochs have not been better for long.

    Parameters
    ----------
    tol : float
        An epoch is better if its figure is above the best one by so much.
    patience : float
        How many epochs may go without improvement.
    best : float
        The largest figure so far; -inf before any.
    waited : int
        Epochs since the last improvement.

    Attributes
    ----------
    best, waited
        The same after the last `update`.
    """

    def __init__(self, tol: float, patience: float, best: float, waited: int) -> None:
        self.best = best
        self.waited = waited
        self._tol = tol
        self._patience = patience

    def update(self, figure: float) -> None:
        """Compare an epoch's figure, larger if better, with those before."""
        self.waited = self.waited + 1 if figure < self.best + self._tol else 0
        if figure > self.best:
            self.best = figure

    @property
    def should_stop(self) -> bool:
        """Whether no epoch has been better for too long."""
        return self.waited > self._patience

    def epochs_ahead(self, most: int) -> int:
        """Return how many epochs pass before the first that may end training, that included.

        Every epoch adds at most one to those without improvement.
        """
        return max(int(min(self._patience - self.waited + 1, most)), 1)


class WeightAverage:
    """An exponential moving average of a network's weights, step by step.

    Source: Polyak and Juditsky, 1992, "Acceleration of stochastic approximation by averaging".

    Parameters
    ----------
    network : Network
    momentum : float
        How much of the average stays at each step; the first step sets it.
    values : list of ndarray or None
        An average to go on with, in the order of `Network.copy_weights`; it is copied.

    Attributes
    ----------
    values : list of ndarray or None
        The average; None before the first step.
    """

    def __init__(self, network: Network, momentum: float, values: list[np.ndarray] | None) -> None:
        self.values = None if values is None else [np.array(each) for each in values]
        self._network = network
        self._momentum = momentum

    def update(self) -> None:
        """Take the weights after a step into account."""
        if self.values is None:
            self.values = self._network.copy_weights()
            return
        for average, view in zip(self.values, self._network.weights, strict=True):
            average *= self._momentum
            average += (1.0 - self._momentum) * view

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the average for its weights, until the end of the block."""
        if self.values is None:
            yield
            return
        own = self._network.copy_weights()
        self._network.assign(self.values)
        try:
            yield
        finally:
            self._network.assign(own)
