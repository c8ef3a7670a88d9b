"""Nested lists, tuples and dicts of things, as layers and models take and return them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

_LEAF, _SEQUENCE, _MAPPING = range(3)


def _find_kind(cls: type) -> int:
    """Return what an instance of a class is."""
    if issubclass(cls, (list, tuple)):
        return _SEQUENCE
    return _MAPPING if issubclass(cls, Mapping) else _LEAF


# Asking an abstract class each time would take long.
_kind: Callable[[type], int] = lru_cache(maxsize=1024)(_find_kind)


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a list, a tuple or a mapping.

    Examples
    --------
    >>> from pynn import tree
    >>> tree.is_nested([1, 2]), tree.is_nested(1)
    (True, False)
    """
    return _kind(type(structure)) != _LEAF


def children(structure: Any) -> Any:
    """Return the entries of a list, a tuple or a mapping."""
    return structure if _kind(type(structure)) == _SEQUENCE else structure.values()


def leaves(structure: Any) -> list[Any]:
    """Return what a structure holds, in order; dicts go in the order of their keys' insertion.

    Examples
    --------
    >>> leaves([1, {"b": 2, "a": (3, 4)}])
    [1, 2, 3, 4]
    """
    found: list[Any] = []
    _collect(structure, found)
    return found


def _collect(structure: Any, found: list[Any]) -> None:
    kind = _kind(type(structure))
    if kind == _LEAF:
        found.append(structure)
        return
    for value in structure if kind == _SEQUENCE else structure.values():
        if _kind(type(value)) == _LEAF:
            found.append(value)
        else:
            _collect(value, found)


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure of the same form with `function` applied to what it holds.

    Examples
    --------
    >>> map_leaves(lambda x: -x, {"a": (1, 2)})
    {'a': (-1, -2)}
    """
    kind = _kind(type(structure))
    if kind == _LEAF:
        return function(structure)
    if kind == _MAPPING:
        return {key: map_leaves(function, value) for key, value in structure.items()}
    mapped = []
    for value in structure:
        is_leaf = _kind(type(value)) == _LEAF
        mapped.append(function(value) if is_leaf else map_leaves(function, value))
    cls = type(structure)
    if cls is list:
        return mapped
    return cls(*mapped) if hasattr(structure, "_fields") else cls(mapped)


def pack(structure: Any, flat: list[Any]) -> Any:
    """Return a structure of the same form that holds the things of `flat` instead.

    Examples
    --------
    >>> pack({"a": (1, 2)}, ["x", "y"])
    {'a': ('x', 'y')}
    """
    supply = iter(flat)
    return map_leaves(lambda _: next(supply), structure)


def named(form: Any, value: Any) -> Any:
    """Return a dict of what `value` has for each name in `form`; None if its form is another.

    There may be structures for a name, too. A dict may lack keys, and its further ones are kept. A
    list may also have one entry for each name.

    Examples
    --------
    >>> named({"a": "x", "b": ["y", "z"]}, {"b": ([1], 2)})
    {'y': [1], 'z': 2}
    >>> named(["x", ["y", "z"]], [1, 2, 3])
    {'x': 1, 'y': 2, 'z': 3}
    """
    found = _named(form, value)
    if found is None and is_nested(value) and not isinstance(value, Mapping):
        names = leaves(form)
        if len(names) == len(value):
            return dict(zip(names, value, strict=True))
    return found


def _named(form: Any, value: Any) -> Any:
    kind = _kind(type(form))
    if kind == _LEAF:
        return {form: value}
    if value is None:
        return {}
    if kind != _kind(type(value)) or (kind == _SEQUENCE and len(form) != len(value)):
        return None
    pairs = value.items() if kind == _MAPPING else enumerate(value)
    found: dict[Any, Any] = {}
    for key, part in pairs:
        known = kind == _SEQUENCE or key in form
        below = _named(form[key], part) if known else {key: part}
        if below is None:
            return None
        found |= below
    return found


def matched(structure: Any, value: Any) -> list[Any] | None:
    """Return what `value` holds in the order of `structure`; None if its form is another.

    Lists and tuples are one form, and dicts may have keys in another order, and further ones.

    Examples
    --------
    >>> matched({"a": 0, "b": [0, 0]}, {"b": (1, 2), "a": 3, "c": 4})
    [3, 1, 2]
    """
    kind = _kind(type(structure))
    if kind != _kind(type(value)):
        return None
    if kind == _LEAF:
        return [value]
    if kind == _MAPPING:
        if not all(key in value for key in structure):
            return None
        pairs = [(part, value[key]) for key, part in structure.items()]
    elif len(structure) != len(value):
        return None
    else:
        pairs = list(zip(structure, value, strict=True))
    found: list[Any] = []
    for part, values in pairs:
        below = matched(part, values)
        if below is None:
            return None
        found += below
    return found
