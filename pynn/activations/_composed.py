"""Activations written with the words that NumPy and `pynn.ops` share, and with the engine's own.

The engine has no formula for them: in a model they become an expression of those it has.
"""

from __future__ import annotations

from typing import Any

from pynn import _namespace
from pynn._shape_rules import normalize_axis
from pynn.activations._declaration import registry
from pynn.activations._rectifiers import elu
from pynn.activations._saturating import hard_sigmoid, sigmoid, tanh
from pynn.activations._smooth import softplus

__all__ = [
    "celu",
    "glu",
    "hard_shrink",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "log_sigmoid",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
    "threshold",
]


def _with_words(x: Any) -> tuple[Any, Any]:
    """Return `x` as a tensor or float array, and the namespace to compute with it in."""
    if not _namespace.is_tensor(x):
        x = _namespace.to_float_array(x)
    return x, _namespace.namespace(x)


@registry.add()
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x` where it is positive and ``alpha * (exp(x / alpha) - 1)`` elsewhere.

    Parameters
    ----------
    x : array-like or tensor
    alpha : float, default=1.0

    Returns
    -------
    array or tensor of the shape of `x`

    References
    ----------
    Barron, "Continuously Differentiable Exponential Linear Units", 2017.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.celu([-1.0, 2.0]).round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    x, _ = _with_words(x)
    return alpha * elu(x / alpha)


@registry.add()
def glu(x: Any, axis: int = -1) -> Any:
    """Return one half of `x` times the sigmoid of the other.

    Parameters
    ----------
    x : array-like or tensor
    axis : int, default=-1
        Along which `x` is halved; its size is even.

    Returns
    -------
    array or tensor, half as large along `axis`

    References
    ----------
    Dauphin et al., "Language Modeling with Gated Convolutional Networks", 2017.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.glu([1.0, 2.0, 0.0, 0.0])
    array([0.5, 1. ], dtype=float32)
    """
    x, xp = _with_words(x)
    if x.shape[axis] % 2:
        raise ValueError(f"the size of x along axis {axis} must be even. Received: {x.shape}")
    values, gates = xp.split(x, 2, axis)
    return values * sigmoid(gates)


@registry.add()
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return `x` where its magnitude is above `threshold`, and 0 elsewhere.

    Parameters
    ----------
    x : array-like or tensor
    threshold : float, default=0.5

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.hard_shrink([-2.0, 0.5, 1.0])
    array([-2.,  0.,  1.], dtype=float32)
    """
    x, xp = _with_words(x)
    return xp.where(abs(x) > threshold, x, 0 * x)


@registry.add("hard_swish")
def hard_silu(x: Any) -> Any:
    """Return `x` times its `hard_sigmoid`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.hard_silu([-3.0, 1.0]).round(4)
    array([-0.    ,  0.6667], dtype=float32)
    """
    x, _ = _with_words(x)
    return x * hard_sigmoid(x)


hard_swish = hard_silu


@registry.add()
def hard_tanh(x: Any) -> Any:
    """Return `x` cut at -1 and 1.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.hard_tanh([-3.0, 0.5])
    array([-1. ,  0.5], dtype=float32)
    """
    x, xp = _with_words(x)
    return xp.clip(x, -1.0, 1.0)


@registry.add()
def log_sigmoid(x: Any) -> Any:
    """Return the logarithm of `sigmoid`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.log_sigmoid([-100.0, 0.0]).round(4)
    array([-100.    ,   -0.6931], dtype=float32)
    """
    x, _ = _with_words(x)
    return -softplus(-x)


@registry.add()
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return `x` moved towards 0 by `threshold`, and 0 where it is nearer than that.

    Parameters
    ----------
    x : array-like or tensor
    threshold : float, default=0.5

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.soft_shrink([-2.0, 0.25, 1.0])
    array([-1.5,  0. ,  0.5], dtype=float32)
    """
    x, xp = _with_words(x)
    return x - xp.clip(x, -threshold, threshold)


@registry.add()
def sparse_plus(x: Any) -> Any:
    """Return 0 up to -1, ``(x + 1)^2 / 4`` up to 1, and `x` above.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.sparse_plus([-2.0, 0.0, 3.0])
    array([0.  , 0.25, 3.  ], dtype=float32)
    """
    x, xp = _with_words(x)
    half = (xp.clip(x, -1.0, 1.0) + 1) / 2
    return half * half + xp.maximum(x - 1, 0.0)


@registry.add()
def sparse_sigmoid(x: Any) -> Any:
    """Return ``(x + 1) / 2`` cut at 0 and 1.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.sparse_sigmoid([-2.0, 0.5, 3.0])
    array([0.  , 0.75, 1.  ], dtype=float32)
    """
    x, xp = _with_words(x)
    return xp.clip(0.5 * x + 0.5, 0.0, 1.0)


@registry.add()
def sparsemax(x: Any, axis: int = -1) -> Any:
    """Return the point nearest to `x` among those without negative numbers that sum to 1.

    Most of its numbers are 0 where `softmax` has small ones. The time it takes grows with the
    square of the size along `axis`.

    Parameters
    ----------
    x : array-like or tensor
    axis : int, default=-1

    Returns
    -------
    array or tensor of the shape of `x`

    References
    ----------
    Martins and Astudillo, "From Softmax to Sparsemax", 2016.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.sparsemax([-1.0, 0.0, 1.0, 1.5])
    array([0.  , 0.  , 0.25, 0.75], dtype=float32)
    """
    x, xp = _with_words(x)
    axis = normalize_axis(axis, len(x.shape))
    # A number is not 0 in the end if what others have more than it is less than 1 in sum.
    larger = xp.expand_dims(x, axis + 1) - xp.expand_dims(x, axis)
    kept = xp.sum(xp.maximum(larger, 0.0), axis=axis) < 1
    total = xp.sum(xp.where(kept, x, 0 * x), axis=axis, keepdims=True)
    count = xp.sum(xp.where(kept, 0 * x + 1, 0 * x), axis=axis, keepdims=True)
    return xp.maximum(x - (total - 1) / count, 0.0)


@registry.add()
def squareplus(x: Any, b: float = 4) -> Any:
    """Return ``(x + sqrt(x^2 + b)) / 2``, a rectifier with a round corner.

    Parameters
    ----------
    x : array-like or tensor
    b : float, default=4
        How round; 0 gives `relu`.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.squareplus([0.0, 1.5])
    array([1., 2.], dtype=float32)
    """
    x, xp = _with_words(x)
    return (x + xp.sqrt(x * x + b)) / 2


@registry.add()
def tanh_shrink(x: Any) -> Any:
    """Return ``x - tanh(x)``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.tanh_shrink([0.0, 1.0]).round(4)
    array([0.    , 0.2384], dtype=float32)
    """
    x, _ = _with_words(x)
    return x - tanh(x)


@registry.add(example={"threshold": 0.5, "default_value": 0.1})
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Return `x` where it is above `threshold`, and `default_value` elsewhere.

    Parameters
    ----------
    x : array-like or tensor
    threshold, default_value : float

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.threshold([-1.0, 0.5, 2.0], 1.0, 0.0)
    array([0., 0., 2.], dtype=float32)
    """
    x, xp = _with_words(x)
    return xp.where(x > threshold, x, 0 * x + default_value)
