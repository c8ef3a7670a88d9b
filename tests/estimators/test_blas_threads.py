"""BLAS has one thread while an optimizer runs, and its own number afterwards."""

from __future__ import annotations

from threading import Barrier, Event, Thread

import numpy  # noqa: F401  (brings a BLAS)
import pytest
import threadpoolctl
from threadpoolctl import threadpool_info

from pynn._task_threads import single_blas_thread


def blas_threads() -> list[int]:
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def test_overlapping_uses_leave_the_number_as_it_was() -> None:
    before = blas_threads()
    barrier = Barrier(2)
    inside: list[list[int]] = []

    def first() -> None:
        with single_blas_thread():
            barrier.wait()  # both are in
            barrier.wait()

    def second() -> None:
        with single_blas_thread():
            barrier.wait()
            barrier.wait()  # the first is about to leave
            threads[0].join()
            inside.append(blas_threads())

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(inside[0]) == {1}
    assert blas_threads() == before


def test_an_older_threadpoolctl_has_nothing_to_disown(monkeypatch: pytest.MonkeyPatch) -> None:
    for controller in (type("Older", (), {}), None):
        monkeypatch.setattr(threadpoolctl, "OpenBLASController", controller, raising=False)
        with single_blas_thread():
            assert set(blas_threads()) == {1}


def test_any_thread_limits_after_another() -> None:
    before = blas_threads()
    found: list[list[int]] = []

    def limited() -> None:
        with single_blas_thread():
            found.append(blas_threads())
        found.append(blas_threads())

    limited()
    thread = Thread(target=limited)
    thread.start()
    thread.join()
    limited()
    assert found == 3 * [[1] * len(before), before]


def test_the_last_thread_restores_what_another_set() -> None:
    before = blas_threads()
    entered, leave = Event(), Event()

    def last() -> None:
        with single_blas_thread():
            entered.set()
            leave.wait()

    with single_blas_thread():
        thread = Thread(target=last)
        thread.start()
        entered.wait()
    leave.set()
    thread.join()
    assert blas_threads() == before
