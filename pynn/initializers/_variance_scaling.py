"""Initializers whose scale follows from the numbers of inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn._number_checks import is_number
from pynn.initializers._initializer import RandomInitializer, registry
from pynn.random import standard_truncated_normal

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
    "compute_fans",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "variance_scaling",
]

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")
TRUNCATED_STDDEV = 0.87962566103423978  # of a standard normal variable cut off at -2 and 2


def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return the numbers of inputs and outputs of a weight.

    The last two axes are inputs and outputs, those before them a field that both are multiplied by.
    A vector of n has n of both, a number one.

    Examples
    --------
    >>> from pynn import initializers
    >>> initializers.compute_fans((784, 300))
    (784, 300)
    """
    shape = tuple(shape)
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


@registry.add()
class VarianceScaling(RandomInitializer):
    """A distribution of mean 0 and variance ``scale / n``.

    Parameters
    ----------
    scale : float, default=1.0
    mode : {"fan_in", "fan_out", "fan_avg"}, default="fan_in"
        What n is: inputs, outputs or their mean.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, \
            default="truncated_normal"
        ``"normal"`` is the first.
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Raises
    ------
    ValueError
        If `scale` is not positive, or `mode` or `distribution` is anything else.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.VarianceScaling(scale=2.0, seed=1)((400, 100))
    >>> bool(abs(w.var() * 400 - 2.0) < 0.1)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
    ) -> None:
        super().__init__(seed)
        if not is_number(scale) or not scale > 0:
            raise ValueError(f"scale must be positive. Received: scale={scale!r}")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {MODES}. Received: mode={mode!r}")
        self.scale = scale
        self.mode = mode
        self.distribution = str(distribution).lower()
        if self.distribution == "normal":
            self.distribution = "truncated_normal"
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(
                f"distribution must be one of {DISTRIBUTIONS}. Received: "
                f"distribution={distribution!r}"
            )

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        fan_in, fan_out = compute_fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, fan))
        if self.distribution == "truncated_normal":
            return stddev / TRUNCATED_STDDEV * standard_truncated_normal(rng, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0.0, stddev, shape)
        limit = math.sqrt(3.0) * stddev
        return rng.uniform(-limit, limit, shape)


class _Named(VarianceScaling):
    """A `VarianceScaling` whose only argument is the seed."""

    _arguments: tuple[float, str, str]

    def __init__(self, seed: Any = None) -> None:
        super().__init__(*self._arguments, seed=seed)

    def get_config(self) -> dict[str, Any]:
        """Return the seed."""
        return RandomInitializer.get_config(self)


@registry.add()
class GlorotNormal(_Named):
    """A truncated normal distribution of variance ``1 / n``, ``n = (inputs + outputs) / 2``.

    For tanh and sigmoid (Glorot and Bengio, 2010, "Understanding the difficulty of training deep
    feedforward neural networks").

    Parameters
    ----------
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.GlorotNormal(seed=1)((400, 100))
    >>> bool(abs(w.var() * 250 - 1.0) < 0.05)
    True
    """

    _arguments = (1.0, "fan_avg", "truncated_normal")


@registry.add()
class GlorotUniform(_Named):
    """A uniform distribution of variance ``1 / n``, ``n = (inputs + outputs) / 2``.

    For tanh and sigmoid (Glorot and Bengio, 2010, "Understanding the difficulty of training deep
    feedforward neural networks").

    Parameters
    ----------
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.GlorotUniform(seed=1)((400, 100))
    >>> bool(abs(w.var() * 250 - 1.0) < 0.05)
    True
    """

    _arguments = (1.0, "fan_avg", "uniform")


@registry.add()
class HeNormal(_Named):
    """A truncated normal distribution of variance ``1 / n``, ``n = inputs / 2``.

    For ReLU and its relatives (He et al., 2015, "Delving deep into rectifiers").

    Parameters
    ----------
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.HeNormal(seed=1)((400, 100))
    >>> bool(abs(w.var() * 200 - 1.0) < 0.05)
    True
    """

    _arguments = (2.0, "fan_in", "truncated_normal")


@registry.add()
class HeUniform(_Named):
    """A uniform distribution of variance ``1 / n``, ``n = inputs / 2``.

    For ReLU and its relatives (He et al., 2015, "Delving deep into rectifiers").

    Parameters
    ----------
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.HeUniform(seed=1)((400, 100))
    >>> bool(abs(w.var() * 200 - 1.0) < 0.05)
    True
    """

    _arguments = (2.0, "fan_in", "uniform")


@registry.add()
class LecunNormal(_Named):
    """A truncated normal distribution of variance ``1 / n``, ``n = inputs``.

    For SELU (LeCun et al., 1998, "Efficient backprop").

    Parameters
    ----------
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.LecunNormal(seed=1)((400, 100))
    >>> bool(abs(w.var() * 400 - 1.0) < 0.05)
    True
    """

    _arguments = (1.0, "fan_in", "truncated_normal")


@registry.add()
class LecunUniform(_Named):
    """A uniform distribution of variance ``1 / n``, ``n = inputs``.

    For SELU (LeCun et al., 1998, "Efficient backprop").

    Parameters
    ----------
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.LecunUniform(seed=1)((400, 100))
    >>> bool(abs(w.var() * 400 - 1.0) < 0.05)
    True
    """

    _arguments = (1.0, "fan_in", "uniform")


glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
variance_scaling = VarianceScaling
