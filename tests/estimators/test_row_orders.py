"""Random numbers and orders of rows: those of NumPy's RandomState and of scikit-learn."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from pynn import _core
from pynn.estimators.mlp._random import LegacyRandom, RowOrder

# Around powers of two, where the mask of the shuffle changes, around the generator's 624 words, and
# beyond 2**14, where the GIL is released.
SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 255, 256, 257, 623, 624, 625, 1024, 1025, 11610, 20000]


def same_state(mine: LegacyRandom, other: np.random.RandomState) -> None:
    state = other.get_state(legacy=False)["state"]
    np.testing.assert_array_equal(mine.key, state["key"])
    assert mine.position == state["pos"]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("seed", [0, 5489, 2**32 - 1])
@pytest.mark.parametrize("drawn", [0, 1, 623, 624])
def test_shuffles_are_those_of_numpy(n: int, seed: int, drawn: int) -> None:
    mine, other = LegacyRandom(seed), np.random.RandomState(seed)
    other.randint(0, 2**32, drawn, dtype=np.uint32)
    mine.follow(other)
    order, expected = np.arange(n), np.arange(n)
    for _ in range(3):
        mine.shuffle(order)
        other.shuffle(expected)
        np.testing.assert_array_equal(order, expected)
    same_state(mine, other)


def test_uniform_numbers_are_those_of_numpy() -> None:
    mine, other = LegacyRandom(3), np.random.RandomState(3)
    same_state(mine, other)
    for shape in ((0,), (1,), (7, 13), (624,), (5, 1000)):
        np.testing.assert_array_equal(
            mine.uniform(-0.3, 0.7, shape), other.uniform(-0.3, 0.7, shape)
        )
    same_state(mine, other)
    assert mine.as_random_state().uniform() == other.uniform()


def test_a_generator_follows_what_it_is_given() -> None:
    given = np.random.RandomState(1)
    given.uniform(size=3)
    mine = LegacyRandom.of(given)
    same_state(mine, given)
    mine.uniform(0.0, 1.0, (5,))
    mine.give_to(given)
    same_state(mine, given)
    same_state(LegacyRandom.of(7), np.random.RandomState(7))
    np.random.seed(4)
    drawn = [LegacyRandom.of(None).position for _ in range(2)]
    assert drawn == [624, 624]
    np.random.seed(4)
    expected = int(np.random.randint(2**31))
    np.random.seed(4)
    same_state(LegacyRandom.of(None), np.random.RandomState(expected))


def test_other_generators_give_a_seed() -> None:
    def made() -> np.random.RandomState:
        return np.random.RandomState(np.random.PCG64(1))

    first, second = LegacyRandom.of(made()), LegacyRandom.of(made())
    np.testing.assert_array_equal(first.key, second.key)
    first.give_to(made())


@pytest.mark.parametrize(
    ("key", "position", "order"),
    [
        (np.zeros(623, np.uint32), 0, np.arange(3)),
        (np.zeros(624, np.uint32), 625, np.arange(3)),
        (np.zeros(624, np.uint32), -1, np.arange(3)),
        (np.zeros(624, np.int64), 0, np.arange(3)),
        (np.zeros(624, np.uint32), 0, np.arange(3, dtype=np.int32)),
        (np.zeros(624, np.uint32), 0, np.arange(6)[::2]),
    ],
)
def test_wrong_states_and_orders_are_refused(key: Any, position: int, order: Any) -> None:
    with pytest.raises(ValueError, match="key must|order must|key and|position"):
        _core.shuffle_as_numpy(key, position, order)


@pytest.mark.parametrize("first", [None, np.array([5, 3, 9, 1, 0, 2, 8])])
def test_orders_go_on_after_they_have_been_forgotten(first: np.ndarray | None) -> None:
    """As ``sklearn.utils.shuffle`` does with the order of the epoch before."""
    mine, other = LegacyRandom(2), np.random.RandomState(2)
    order = RowOrder(7, mine)
    expected = np.arange(7) if first is None else first
    for epoch in range(6):
        permutation = np.arange(7)
        other.shuffle(permutation)
        expected = expected[permutation]
        np.testing.assert_array_equal(order.next(mine, first), expected)
        if epoch == 2:
            order.forget_rows()
        if epoch == 4:
            order, mine = pickle.loads(pickle.dumps((order, mine)))
            assert order._rows is None


def plain_shuffle(n: int, seed: int) -> list[int]:
    """Return scikit-learn's order, one number at a time."""
    order = list(range(n))
    state = seed or 1
    for i in range(n - 1):
        state ^= (state << 13) % 2**32
        state ^= state >> 17
        state ^= (state << 5) % 2**32
        j = i + state % 2**31 % (n - i)
        order[i], order[j] = order[j], order[i]
    return order


@pytest.mark.parametrize("n", [0, 1, 2, 255, 3000])
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31 - 1])
def test_linear_models_shuffle_as_scikit_learn_s(n: int, seed: int) -> None:
    order = np.arange(n)
    _core.shuffle_as_linear_models(order, seed)
    assert order.tolist() == plain_shuffle(n, seed)
