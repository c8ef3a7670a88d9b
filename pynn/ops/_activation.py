"""Activations by the names and with the defaults that `pynn.ops` has for them."""

from __future__ import annotations

from typing import Any

from pynn import activations
from pynn._activation_op import apply_activation
from pynn.activations import (
    elu,
    hard_sigmoid,
    leaky_relu,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
    tanh,
)

__all__ = [
    "apply_activation",
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def relu(x: Any) -> Any:
    """Return ``max(x, 0)``."""
    return apply_activation("relu", x)


def gelu(x: Any, approximate: bool = True) -> Any:
    """Return `pynn.activations.gelu`, which is exact by default and this is not, as in Keras."""
    return activations.gelu(x, approximate)
