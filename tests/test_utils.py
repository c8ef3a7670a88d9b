"""`pynn.utils` for arrays and seeds: what Keras's functions of these names return."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import utils


@pytest.mark.parametrize(
    ("labels", "shape"),
    [([1, 0, 2], (3, 3)), ([[1], [0], [2]], (3, 3)), ([[1, 0], [2, 1]], (2, 2, 3)), (1, (2,))],
)
def test_class_numbers_become_rows_of_a_one(labels: Any, shape: tuple[int, ...]) -> None:
    found = utils.to_categorical(labels)
    assert found.shape == shape
    np.testing.assert_array_equal(found.argmax(axis=-1).ravel(), np.ravel(labels))
    assert (found.sum(axis=-1) == 1).all()


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([3.0, 4.0], [0.6, 0.8]),
        ([[3, 4], [0, 0]], [[0.6, 0.8], [0, 0]]),
        (np.array([3, 4], np.int8), [0.6, 0.8]),
    ],
)
def test_vectors_get_a_norm_of_one(x: Any, expected: Any) -> None:
    np.testing.assert_allclose(utils.normalize(x), expected, rtol=1e-15)
    assert utils.normalize(np.array(x, np.float32)).dtype == np.float32


def test_a_seed_is_everybodys() -> None:
    drawn = []
    for _ in range(2):
        utils.set_random_seed(np.int64(3))
        drawn.append([random.random(), np.random.rand(), *pynn.random.uniform((2,))])
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, None, "3"])
def test_other_seeds_are_refused_before_anything_is_seeded(seed: Any) -> None:
    before = random.getstate()
    with pytest.raises(ValueError, match=r"seed must be an integer in \[0, 2\*\*32\). Received: "):
        utils.set_random_seed(seed)
    assert random.getstate() == before
