"""scikit-learn's order of samples against its definition, one number at a time."""

from __future__ import annotations

import numpy as np
import pytest

from pynn.estimators._sample_order import random_values, shuffled


def plain_values(seed: int, count: int) -> list[int]:
    state = seed or 1
    values = []
    for _ in range(count):
        state ^= (state << 13) % 2**32
        state ^= state >> 17
        state ^= (state << 5) % 2**32
        values.append(state % 2**31)
    return values


def plain_shuffle(n: int, seed: int) -> list[int]:
    order = list(range(n))
    for i, value in enumerate(plain_values(seed, max(n - 1, 0))):
        j = i + value % (n - i)
        order[i], order[j] = order[j], order[i]
    return order


# Around the length of a block of the generator (256), where the jump ahead begins.
@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, 511, 512, 513, 3000])
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31 - 1])
def test_values_and_order_are_those_of_the_definition(count: int, seed: int) -> None:
    assert random_values(seed, count).tolist() == plain_values(seed, count)
    assert shuffled(count, seed).tolist() == plain_shuffle(count, seed)


def test_an_order_is_a_permutation() -> None:
    assert np.array_equal(np.sort(shuffled(1001, 7)), np.arange(1001))
