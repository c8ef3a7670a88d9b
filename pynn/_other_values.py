"""Giving weights other values for a while, as methods named ``stateless_...`` do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def holding(owner: Any, **groups: tuple[Sequence[Any], Sequence[Any]]) -> Iterator[None]:
    """Give weights other values for a while.

    Parameters
    ----------
    owner : object
        Whose weights they are, for messages.
    **groups : weights, values
        By what the owner calls these weights.

    Raises
    ------
    ValueError
        If there are not as many values as weights, or a shape does not fit.
    """
    for name, (weights, values) in groups.items():
        if len(weights) != len(values):
            raise ValueError(
                f"{owner!r} has {len(weights)} {name}, and there must be as many values. "
                f"Received: {len(values)}"
            )
    before = [(weight, weight.numpy()) for weights, _ in groups.values() for weight in weights]
    try:
        for weights, values in groups.values():
            for weight, value in zip(weights, values, strict=True):
                weight.assign(value)
        yield
    finally:
        for weight, value in before:
            weight.assign(value)
