"""The list of activations, and how one is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn._activation_op import declare_activation
from pynn._registry import Registry, Thing

registry: Registry[Callable[..., Any]] = Registry("activation", default="linear")


def activation(
    *reference: Callable[..., Any], aliases: tuple[str, ...] = (), **declared: Any
) -> Callable[[Thing], Thing]:
    """Return a decorator for the function of one of the engine's activations.

    Parameters
    ----------
    *reference : callable
        Value and slope in plain float64 NumPy, ``f(x, alpha)``; none for what works along an axis.
    aliases : tuple of str
        Further names.
    **declared
        ``kinks``, ``at_nan``, ``keras``, ``onnx`` and ``c`` of `declare_activation`.
    """

    def declare(function: Thing) -> Thing:
        known = declare_activation(function.__name__, *reference, **declared)
        return registry.add(*aliases, keras=known.keras is not None)(function)

    return declare
