"""Activations by the names and with the defaults that `pynn.ops` has for them."""

from __future__ import annotations

from typing import Any

from pynn import activations
from pynn._activation_op import apply_activation
from pynn.activations import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    swish,
    tanh,
    tanh_shrink,
    threshold,
)

__all__ = [
    "apply_activation",
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def relu(x: Any) -> Any:
    """Return ``max(x, 0)``.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.relu([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """
    return apply_activation("relu", x)


def gelu(x: Any, approximate: bool = True) -> Any:
    """Return `pynn.activations.gelu`, which is exact by default and this is not, as in Keras."""
    return activations.gelu(x, approximate)
