"""Activations by the names and with the defaults that `pynn.ops` has for them."""

from __future__ import annotations

from typing import Any

from pynn import activations
from pynn._activation_op import apply_activation


def relu(x: Any) -> Any:
    """Return ``max(x, 0)``."""
    return apply_activation("relu", x)


def gelu(x: Any, approximate: bool = True) -> Any:
    """Return `pynn.activations.gelu`, which is exact by default and this is not, as in Keras."""
    return activations.gelu(x, approximate)
