"""Seeds that are drawn for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pynn import _state


def drawn(seed: int | None) -> list[int]:
    with _state.temporary_seed(seed):
        return [_state.next_seed() for _ in range(3)]


def test_a_temporary_seed_leaves_the_global_seeds_alone() -> None:
    _state.set_seed(1)
    first = [_state.next_seed(), _state.next_seed()]
    _state.set_seed(1)
    again = [_state.next_seed()]
    assert drawn(5) == drawn(5) != drawn(6)
    again.append(_state.next_seed())
    assert again == first


def test_a_seed_that_is_set_in_between_counts_until_the_end() -> None:
    _state.set_seed(1)
    first = _state.next_seed()
    _state.set_seed(1)
    with _state.temporary_seed(5):
        with _state.temporary_seed(7):
            assert _state.next_seed() == drawn(7)[0]
        assert _state.next_seed() == drawn(5)[0]
        _state.set_seed(6)
        assert _state.next_seed() == drawn(6)[0]
    assert _state.next_seed() == first


def test_a_temporary_seed_is_one_thread_s() -> None:
    with ThreadPoolExecutor(1) as pool, _state.temporary_seed(5):
        _state.next_seed()
        assert pool.submit(drawn, 5).result() == drawn(5)
        assert pool.submit(_state.next_seed).result() not in drawn(5)
        assert _state.next_seed() == drawn(5)[1]
