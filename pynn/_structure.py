"""Nested lists, tuples and dicts of things, as layers and models take and return them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def is_nested(value: Any) -> bool:
    """Whether `value` is a list, a tuple or a mapping."""
    return isinstance(value, (list, tuple, Mapping))


def leaves(structure: Any) -> Iterator[Any]:
    """Yield what a structure holds, in order; dicts go in the order of their keys' insertion.

    Examples
    --------
    >>> list(leaves([1, {"b": 2, "a": (3, 4)}]))
    [1, 2, 3, 4]
    """
    if isinstance(structure, Mapping):
        for value in structure.values():
            yield from leaves(value)
    elif isinstance(structure, (list, tuple)):
        for value in structure:
            yield from leaves(value)
    else:
        yield structure


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure of the same form with `function` applied to what it holds.

    Examples
    --------
    >>> map_leaves(lambda x: -x, {"a": (1, 2)})
    {'a': (-1, -2)}
    """
    if isinstance(structure, Mapping):
        return {key: map_leaves(function, value) for key, value in structure.items()}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*[map_leaves(function, value) for value in structure])
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_leaves(function, value) for value in structure)
    return function(structure)


def pack(structure: Any, flat: list[Any]) -> Any:
    """Return a structure of the same form that holds the things of `flat` instead.

    Examples
    --------
    >>> pack({"a": (1, 2)}, ["x", "y"])
    {'a': ('x', 'y')}
    """
    supply = iter(flat)
    return map_leaves(lambda _: next(supply), structure)
