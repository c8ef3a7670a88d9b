"""Normalizations without moving moments."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn.ops._elementwise import add, multiply, rsqrt, square, subtract
from pynn.ops._reductions import mean
from pynn.ops._statistics import moments

__all__ = [
    "layer_normalization",
    "rms_normalization",
]


def layer_normalization(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Any = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Any:
    """Return `x` with mean 0 and variance 1 along `axis`, times `gamma` plus `beta`.

    `epsilon`, `pynn.backend.epsilon()` where it is None, is added to the variance.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.layer_normalization([[1.0, 3.0]]).round(3)
    array([[-1.,  1.]])
    """
    center, variance = moments(x, axis, keepdims=True)
    x = multiply(subtract(x, center), rsqrt(add(variance, _epsilon(epsilon))))
    x = x if gamma is None else multiply(x, gamma)
    return x if beta is None else add(x, beta)


def rms_normalization(
    x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """Return `x` divided by the root of its mean square along `axis`, times `scale`."""
    x = multiply(x, rsqrt(add(mean(square(x), axis, keepdims=True), _epsilon(epsilon))))
    return x if scale is None else multiply(x, scale)


def _epsilon(given: float | None) -> float:
    return _state.epsilon() if given is None else given
