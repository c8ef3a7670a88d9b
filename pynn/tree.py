"""Nested lists, tuples and dicts of things, under the names of Keras's module `tree`.

Dicts are gone through in the order of their sorted keys, as Keras does; what is not nested is a
leaf, None too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pynn._structure import is_nested

__all__ = [
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "map_structure",
    "pack_sequence_as",
]
__dir__ = __all__.copy


def _items(structure: Any) -> list[tuple[Any, Any]]:
    """Return the keys, or places, and entries of what is nested."""
    if isinstance(structure, Mapping):
        plain = type(structure).__name__ != "OrderedDict"
        return [(key, structure[key]) for key in (sorted(structure) if plain else structure)]
    return list(enumerate(structure))


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return the leaves of a structure, each after the keys and places that lead to it.

    Examples
    --------
    >>> from pynn import tree
    >>> tree.flatten_with_path({"b": [1, 2], "a": 3})
    [(('a',), 3), (('b', 0), 1), (('b', 1), 2)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [
        ((key, *path), leaf)
        for key, value in _items(structure)
        for path, leaf in flatten_with_path(value)
    ]


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of a structure.

    Examples
    --------
    >>> from pynn import tree
    >>> tree.flatten({"b": [1, 2], "a": (3, 4)})
    [3, 4, 1, 2]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """Return a structure of the same form with other leaves, in the order of `flatten`.

    Raises
    ------
    ValueError
        If there are not as many.

    Examples
    --------
    >>> from pynn import tree
    >>> tree.pack_sequence_as({"a": 0, "b": [0, 0]}, [1, 2, 3])
    {'a': 1, 'b': [2, 3]}
    """
    given = list(flat_sequence)
    count = len(flatten(structure))
    if len(given) != count:
        raise ValueError(f"the structure has {count} leaves. Received: {len(given)}")
    left = iter(given)
    return _rebuilt(structure, lambda _: next(left))


def map_structure(func: Callable[..., Any], *structures: Any) -> Any:
    """Return a structure with the results of a function of the leaves of some that are alike.

    Raises
    ------
    ValueError
        If there is no structure, or they are not alike.

    Examples
    --------
    >>> from pynn import tree
    >>> tree.map_structure(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
    {'x': 11, 'y': [22]}
    """
    if not structures:
        raise ValueError("map_structure() needs a structure. Received: none")
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    flat = zip(*map(flatten, structures), strict=True)
    return pack_sequence_as(structures[0], [func(*each) for each in flat])


def assert_same_structure(a: Any, b: Any) -> None:
    """Do nothing if two structures are alike: the types of what is nested, the keys, the lengths.

    Raises
    ------
    ValueError
        If they are not.

    Examples
    --------
    >>> from pynn import tree
    >>> tree.assert_same_structure({"a": 1}, {"a": 2})
    """
    same = is_nested(a) == is_nested(b)
    if same and is_nested(a):
        mine, others = _items(a), _items(b)
        both = isinstance(a, Mapping) and isinstance(b, Mapping)
        same = (both or type(a) is type(b)) and [k for k, _ in mine] == [k for k, _ in others]
        if same:
            for (_, mine_value), (_, its_value) in zip(mine, others, strict=True):
                assert_same_structure(mine_value, its_value)
            return
    if not same:
        raise ValueError(f"the structures must be alike. Received: {a!r:.200} and {b!r:.200}")


def _rebuilt(structure: Any, leaf: Callable[[Any], Any]) -> Any:
    if not is_nested(structure):
        return leaf(structure)
    made = {key: _rebuilt(value, leaf) for key, value in _items(structure)}
    if isinstance(structure, Mapping):
        kind: Any = type(structure)
        return kind({key: made[key] for key in structure})
    values = list(made.values())
    return type(structure)(*values) if hasattr(structure, "_fields") else type(structure)(values)
