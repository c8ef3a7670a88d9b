"""Sizes are checked when an op is recorded, before anything of that size is made."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, ops
from pynn._allocation import LARGEST_ROW, weights_limited_to


def rows(*shape: int) -> Any:
    return pynn.Input(shape)


TOO_LARGE: dict[str, Callable[[], Any]] = {
    "one_hot": lambda: ops.one_hot(rows(4), 2**62),
    "one_hot just above": lambda: ops.one_hot(rows(1), LARGEST_ROW + 1),
    "broadcasting": lambda: rows(2**20, 1) + rows(1, 2**20),
    "a constant": lambda: rows(1) * np.broadcast_to(np.float32(1), (2**40,)),
    "matmul": lambda: ops.matmul(rows(2**20, 1), rows(1, 2**20)),
    "concatenate": lambda: ops.concatenate([rows(2**30)] * 3, axis=-1),
    "softmax": lambda: layers.Softmax()(rows(2**40)),
    "reshape": lambda: ops.reshape(rows(4), (2**31, 2**31)),
    "index": lambda: ops.expand_dims(rows(2**16, 1), 1)[:, [0] * 2**16],
    "take": lambda: ops.take(rows(2**16), np.broadcast_to(np.int8(0), (2**8, 2**24 + 1)), axis=1),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_refused_before_it_is_made(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="must have at most 2147483647 numbers"):
            TOO_LARGE[name]()
        assert tracemalloc.get_traced_memory()[1] < 64e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("classes", "error"), [(-1, ValueError), (2.5, TypeError), ("3", TypeError)]
)
def test_what_is_no_size_is_refused(classes: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        ops.one_hot(rows(4), classes)


def test_a_split_has_not_too_many_sections() -> None:
    with pytest.raises(ValueError, match="cannot be cut into 1048576 equal sections"):
        ops.split(rows(2**20), 2**20, axis=1)


def test_what_a_file_makes_has_a_limit_of_its_own() -> None:
    hot = ops.one_hot(rows(1), 2**25)
    assert hot.shape == (None, 1, 2**25)
    with weights_limited_to(100), pytest.raises(ValueError, match="must have at most 16777316"):
        ops.one_hot(rows(1), 2**25)


@pytest.mark.parametrize(
    "key",
    [
        3,
        slice(1, None, 2),
        (..., 0),
        (slice(None), None, 1),
        (slice(None), [0, 2, 2]),
        (slice(None), [0, 1], slice(None), [1, 0]),
        (slice(None), slice(2, 2)),
        (slice(None), np.array([True, False, True])),
        (..., [0, 1], 1),
    ],
    ids=str,
)
def test_the_shape_of_an_index_is_numpys(key: Any) -> None:
    shape = (5, 3, 2, 4)
    found = ops._indexing.INDEX.shape((None, *shape[1:]), key=key)
    expected = np.zeros((7919, *shape[1:]), "int8")[key].shape
    assert found == tuple(None if n == 7919 else n for n in expected)


def test_an_index_of_many_positions_is_found_without_copies() -> None:
    tracemalloc.start()
    try:
        found = rows(2**14, 4)[:, [0] * 10_000]
        assert found.shape == (None, 10_000, 4)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()
