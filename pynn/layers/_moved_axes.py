"""Computing along axes that are not the last ones, by way of a transposition and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pynn import ops


def with_axes_last(function: Callable[[Any], Any], x: Any, axes: Sequence[int]) -> Any:
    """Return ``function(x)`` computed with `axes`, not negative, at the end.

    Where they are the last ones already nothing is moved, which the engine likes best.
    """
    rank = ops.ndim(x)
    order = [i for i in range(rank) if i not in axes] + list(axes)
    if order == list(range(rank)):
        return function(x)
    moved = function(ops.transpose(x, order))
    return ops.transpose(moved, [order.index(i) for i in range(rank)])
