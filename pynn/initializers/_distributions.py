"""Initializers that draw from a distribution given by its parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.initializers._initializer import RandomInitializer, registry
from pynn.random import standard_truncated_normal

__all__ = [
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
]


@registry.add("normal")
class RandomNormal(RandomInitializer):
    """The normal distribution.

    Parameters
    ----------
    mean, stddev : float, default=0.0, 0.05
        Mean and standard deviation.
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> bool(abs(initializers.RandomNormal(seed=1)((1000,)).std() - 0.05) < 0.005)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(self.mean, self.stddev, shape)


@registry.add()
class TruncatedNormal(RandomInitializer):
    """The normal distribution; what is over two deviations from the mean is drawn again.

    Parameters
    ----------
    mean, stddev : float, default=0.0, 0.05
        Mean and standard deviation before the cut.
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> bool(abs(initializers.TruncatedNormal(seed=1)((1000,))).max() <= 0.1)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return self.mean + self.stddev * standard_truncated_normal(rng, shape)


@registry.add("uniform")
class RandomUniform(RandomInitializer):
    """The uniform distribution.

    Parameters
    ----------
    minval, maxval : float, default=-0.05, 0.05
        Bounds; the upper one is excluded.
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> bool(abs(initializers.RandomUniform(seed=1)((1000,))).max() <= 0.05)
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.minval, self.maxval, shape)


random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
