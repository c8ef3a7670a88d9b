"""BLAS has one thread while an optimizer runs, and its own number afterwards."""

from __future__ import annotations

from threading import Barrier, Thread

import numpy  # noqa: F401  (brings a BLAS)
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
