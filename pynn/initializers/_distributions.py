"""Initializers that draw from a distribution that does not depend on the numbers of inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn._number_checks import checked_number
from pynn.initializers._initializer import RandomInitializer, registry
from pynn.random import standard_truncated_normal

__all__ = [
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "orthogonal",
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
        self.mean = checked_number("mean", mean)
        self.stddev = checked_number("stddev", stddev, negative=False)

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
        self.mean = checked_number("mean", mean)
        self.stddev = checked_number("stddev", stddev, negative=False)

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
        self.minval = checked_number("minval", minval)
        self.maxval = checked_number("maxval", maxval)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.minval, self.maxval, shape)


@registry.add("OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer.

    It is the orthogonal factor of a normal matrix (Saxe et al., 2014, "Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks"). Of more than two axes all but
    the last are taken together.

    Parameters
    ----------
    gain : float, default=1.0
        Factor on the matrix.
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.Orthogonal(seed=1)((3, 2), dtype="float64")
    >>> (abs(w.T @ w).round(6)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = checked_number("gain", gain)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"shape must have at least two axes. Received: shape={shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = rng.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        q *= np.sign(np.diag(r))  # makes the factor unique, and so uniform among all such matrices
        return self.gain * (q.T if rows < columns else q).reshape(shape)


orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
