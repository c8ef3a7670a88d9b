"""An exponential moving average of a network's weights, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pynn.estimators._network import Network


class WeightAverage:
    """The average, and the network that it is of.

    Source: Polyak and Juditsky, 1992, "Acceleration of stochastic approximation by averaging".

    Parameters
    ----------
    network : Network
    momentum : float
        How much of the average stays at each step; the first step sets it.
    values : list of ndarray, default=None
        An average to go on with, in the order of `Network.copy_weights`.

    Attributes
    ----------
    values : list of ndarray or None
        The average; None before the first step.
    """

    def __init__(
        self, network: Network, momentum: float, values: list[np.ndarray] | None = None
    ) -> None:
        self.values = values
        self._network = network
        self._momentum = momentum

    def update(self) -> None:
        """Take the weights after a step into account."""
        network = self._network
        if self.values is None:
            self.values = network.copy_weights()
            return
        views = (*network.coefs, *network.intercepts, *network.others)
        for average, view in zip(self.values, views, strict=True):
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
