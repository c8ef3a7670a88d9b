"""Activation functions, of arrays and of the tensors that models are built from.

All come down to the engine's activations, by way of `pynn.ops`; their formulas are in
csrc/formulas/activations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pynn import _namespace
from pynn._activation_op import apply_activation
from pynn._registry import Registry

__all__ = [
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "heaviside",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "sign",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def _check_slope(negative_slope: float) -> None:
    if not negative_slope >= 0:
        raise ValueError(
            f"negative_slope must not be negative. Received: negative_slope={negative_slope!r}"
        )


def linear(x: Any) -> Any:
    """Return `x`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.linear(2.0)
    2.0
    """
    return x


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """Return `x` where it is above `threshold`, and 0 or a line elsewhere.

    Parameters
    ----------
    x : array-like or tensor
    negative_slope : float, default=0.0
        What lies below becomes ``negative_slope * (x - threshold)``.
    max_value : float, default=None
        What lies above becomes this.
    threshold : float, default=0.0

    Returns
    -------
    array or tensor of the shape of `x`

    Raises
    ------
    ValueError
        If `negative_slope` is negative.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.relu([-1.0, 0.5, 9.0], negative_slope=0.5, max_value=6.0)
    array([-0.5,  0.5,  6. ], dtype=float32)
    """
    _check_slope(negative_slope)
    if threshold == 0 and max_value is None and negative_slope != 0:
        return apply_activation("leaky_relu", x, negative_slope)
    if threshold == 0:
        above = apply_activation("relu6" if max_value == 6 else "relu", x)
    else:
        above = apply_activation("threshold", x, threshold)
    if max_value is not None:
        above = _namespace.namespace(above).clip(above, 0.0, max_value)
    if negative_slope == 0:
        return above
    if not _namespace.is_tensor(x):
        x = _namespace.to_float_array(x)
    return above - negative_slope * apply_activation("relu", threshold - x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return `x` where it is positive and ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    x : array-like or tensor
    negative_slope : float, default=0.2
        Not negative.

    Returns
    -------
    array or tensor of the shape of `x`

    Raises
    ------
    ValueError
        If `negative_slope` is negative.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.leaky_relu([-1.0, 2.0])
    array([-0.2,  2. ], dtype=float32)
    """
    _check_slope(negative_slope)
    return apply_activation("leaky_relu", x, negative_slope)


def relu6(x: Any) -> Any:
    """Return ``min(max(x, 0), 6)``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.relu6([-1.0, 2.0, 8.0])
    array([0., 2., 6.], dtype=float32)
    """
    return apply_activation("relu6", x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x` where it is positive and ``alpha * (exp(x) - 1)`` elsewhere.

    Source: Clevert et al., 2016, "Fast and accurate deep network learning by exponential linear
    units".

    Parameters
    ----------
    x : array-like or tensor
    alpha : float, default=1.0
        Minus the limit for small `x`.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.elu([-1.0, 2.0]).round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    return apply_activation("elu", x, alpha)


def selu(x: Any) -> Any:
    """Return a scaled `elu` that keeps mean 0 and variance 1 from layer to layer.

    Source: Klambauer et al., 2017, "Self-normalizing neural networks".

    Examples
    --------
    >>> from pynn import activations
    >>> activations.selu([-1.0, 2.0]).round(4)
    array([-1.1113,  2.1014], dtype=float32)
    """
    return apply_activation("selu", x)


def sigmoid(x: Any) -> Any:
    """Return ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.sigmoid([0.0, 2.0]).round(4)
    array([0.5   , 0.8808], dtype=float32)
    """
    return apply_activation("sigmoid", x)


def hard_sigmoid(x: Any) -> Any:
    """Return ``x / 6 + 1 / 2``, cut off at 0 and 1.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.hard_sigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return apply_activation("hard_sigmoid", x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent of `x`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.tanh([0.0, 1.0]).round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return apply_activation("tanh", x)


def softplus(x: Any) -> Any:
    """Return ``log(1 + exp(x))``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.softplus([0.0, 100.0]).round(4)
    array([  0.6931, 100.    ], dtype=float32)
    """
    return apply_activation("softplus", x)


def softsign(x: Any) -> Any:
    """Return ``x / (1 + |x|)``.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.softsign([-1.0, 3.0])
    array([-0.5 ,  0.75], dtype=float32)
    """
    return apply_activation("softsign", x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Return `x` times the normal distribution's probability of a value below it.

    Source: Hendrycks and Gimpel, 2016, "Gaussian error linear units".

    Parameters
    ----------
    x : array-like or tensor
    approximate : bool, default=False
        Whether a hyperbolic tangent takes the place of the error function.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.gelu([-1.0, 2.0]).round(4)
    array([-0.1587,  1.9545], dtype=float32)
    """
    return apply_activation("gelu_tanh" if approximate else "gelu", x)


def silu(x: Any) -> Any:
    """Return ``x * sigmoid(x)``, also called swish.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.silu([0.0, 2.0]).round(4)
    array([0.    , 1.7616], dtype=float32)
    """
    return apply_activation("silu", x)


def mish(x: Any) -> Any:
    """Return ``x * tanh(softplus(x))`` (Misra, 2019).

    Examples
    --------
    >>> from pynn import activations
    >>> activations.mish([0.0, 1.0]).round(4)
    array([0.    , 0.8651], dtype=float32)
    """
    return apply_activation("mish", x)


def exponential(x: Any) -> Any:
    """Return e to the power of `x`.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.exponential([0.0, 1.0]).round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return apply_activation("exponential", x)


def heaviside(x: Any) -> Any:
    """Return 1 where `x` is not negative and 0 elsewhere: the step of a threshold logic unit.

    Its gradient is 0, so a layer with it cannot be trained by gradients.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.heaviside([-1.0, 0.0, 2.0])
    array([0., 1., 1.], dtype=float32)
    """
    return apply_activation("heaviside", x)


def sign(x: Any) -> Any:
    """Return -1, 0 or 1, the sign of `x`. Its gradient is 0.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.sign([-3.0, 0.0, 2.0])
    array([-1.,  0.,  1.], dtype=float32)
    """
    return apply_activation("sign", x)


def softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """Return ``exp(x)`` made to sum to 1 along `axis`.

    Parameters
    ----------
    x : array-like or tensor
    axis : int or sequence of int, default=-1
        Of several axes together.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.softmax([[0.0, 0.0], [0.0, 1.0]]).round(4)
    array([[0.5   , 0.5   ],
           [0.2689, 0.7311]], dtype=float32)
    """
    return _along("softmax", x, axis)


def log_softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """Return the logarithm of `softmax`.

    Parameters
    ----------
    x : array-like or tensor
    axis : int or sequence of int, default=-1
        Of several axes together.

    Returns
    -------
    array or tensor of the shape of `x`

    Examples
    --------
    >>> from pynn import activations
    >>> activations.log_softmax([0.0, 0.0]).round(4)
    array([-0.6931, -0.6931], dtype=float32)
    """
    return _along("log_softmax", x, axis)


def _along(name: str, x: Any, axis: int | Sequence[int]) -> Any:
    if axis == -1:
        return apply_activation(name, x)
    if not _namespace.is_tensor(x):
        x = _namespace.to_float_array(x)
    xp = _namespace.namespace(x)
    if isinstance(axis, Sequence):
        together = tuple(axis)
        shifted = x - xp.max(x, axis=together, keepdims=True)
        logarithm = shifted - xp.log(xp.sum(xp.exp(shifted), axis=together, keepdims=True))
        return xp.exp(logarithm) if name == "softmax" else logarithm
    axes = list(range(len(x.shape)))
    axes[axis], axes[-1] = axes[-1], axes[axis]  # a swap, which undoes itself
    return xp.transpose(apply_activation(name, xp.transpose(x, axes)), axes)


swish = silu

_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    elu,
    exponential,
    gelu,
    hard_sigmoid,
    heaviside,
    leaky_relu,
    linear,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    sign,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
_REGISTRY = Registry("activation", _FUNCTIONS, {"swish": "silu"})


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the activation that `identifier` stands for.

    Parameters
    ----------
    identifier : None, str, dict, class or callable
        None gives `linear`; a function or layer is returned as it is.
    custom_objects : mapping of str to object, default=None
        More names.

    Raises
    ------
    ValueError
        If the name is unknown or `identifier` is of another type.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.get("relu") is activations.relu
    True
    """
    if identifier is None:
        return linear
    return _REGISTRY.get(identifier, custom_objects)


def serialize(activation: Any) -> Any:
    """Return what `deserialize` turns back into `activation`: its name, or a layer's config."""
    return _REGISTRY.serialize(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the activation that a name or the output of `serialize` describes.

    Raises
    ------
    ValueError
        If the name is unknown or the config is malformed.
    """
    return get(config, custom_objects)
