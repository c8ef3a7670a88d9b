"""`pynn.tree`: what Keras's functions of these names return."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

import pytest

from pynn import tree

Pair = namedtuple("Pair", ["left", "right"])
NESTED = {"b": [1, 2], "a": (3, {"c": 4}), "d": Pair(5, None)}


def test_leaves_and_the_way_to_them() -> None:
    assert tree.flatten(NESTED) == [3, 4, 1, 2, 5, None]
    assert tree.flatten(7) == [7]
    assert tree.flatten(OrderedDict([("b", 1), ("a", 2)])) == [1, 2]
    paths = [path for path, _ in tree.flatten_with_path(NESTED)]
    assert paths[:4] == [("a", 0), ("a", 1, "c"), ("b", 0), ("b", 1)]
    assert (tree.is_nested(NESTED), tree.is_nested(1), tree.is_nested("text")) == (
        True,
        False,
        False,
    )


def test_other_leaves() -> None:
    packed = tree.pack_sequence_as(NESTED, range(6))
    assert packed == {"b": [2, 3], "a": (0, {"c": 1}), "d": Pair(4, 5)}
    assert list(packed) == list(NESTED)
    assert tree.map_structure(str, NESTED)["d"] == Pair("5", "None")
    assert tree.map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)]) == [11, (22,)]
    with pytest.raises(ValueError, match=r"has 6 leaves. Received: 1"):
        tree.pack_sequence_as(NESTED, [1])
    with pytest.raises(ValueError, match="needs a structure. Received: none"):
        tree.map_structure(str)


@pytest.mark.parametrize("other", [1, [1], [1, (2, 3)], [1, [2]], (1, (2,)), {"a": 1}])
def test_what_is_not_alike(other: Any) -> None:
    tree.assert_same_structure([1, (2,)], [3, (4,)])
    for pair in (([1, (2,)], other), (other, [1, (2,)])):
        with pytest.raises(ValueError, match="must be alike"):
            tree.assert_same_structure(*pair)
    with pytest.raises(ValueError, match="must be alike"):
        tree.map_structure(min, [1, (2,)], other)
