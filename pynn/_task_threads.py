"""How many threads the engine, and BLAS, may use for one estimator.

Where an outer pool of joblib's or Dask's, of threads or processes, runs several fits at once, each
gets one thread: two pools in each other's way are slower than none.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import threadpoolctl
from joblib.parallel import get_active_backend  # type: ignore[import-untyped]

from pynn import _core

_NO_LIMIT = 0
_current = threading.local()

_blas_lock = threading.Lock()
_blas_users = 0
_blas_limits: Any = None


def thread_limit(n_jobs: int | None) -> int:
    """Return the largest number of threads, 0 for as many as the engine finds worth while.

    Parameters
    ----------
    n_jobs : int or None
        A number of threads; -1 stands for one per processor, -2 for one less, and so on. None
        leaves it to the engine, but is 1 in a task of joblib's or Dask's.
    """
    if n_jobs is None:
        return 1 if _inside_pool() else _NO_LIMIT
    return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)


def _inside_pool() -> bool:
    """Whether this code is a task of joblib's or Dask's."""
    backend: Any = get_active_backend()[0]
    return bool(getattr(backend, "nesting_level", 0)) or _inside_dask()


def _inside_dask() -> bool:
    # joblib's backend of Dask counts no levels; Dask knows the tasks of its workers.
    distributed: Any = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True


class limited_threads:  # a function to its users; a generator would take thrice as long
    """Keep the engine to `thread_limit` threads when it is called from this one."""

    __slots__ = ("_before", "_n_jobs")

    def __init__(self, n_jobs: int | None) -> None:
        self._n_jobs = n_jobs

    def __enter__(self) -> None:
        self._before = before = getattr(_current, "limit", _NO_LIMIT)
        _limit_here(thread_limit(self._n_jobs) if before == _NO_LIMIT else before)

    def __exit__(self, *raised: object) -> None:
        _limit_here(self._before)


def _limit_here(limit: int) -> None:
    _current.limit = limit
    _core.set_local_thread_limit(limit)


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread in this process; nested and concurrent uses end with the last.

    L-BFGS solves systems of a dozen unknowns; several BLAS threads then wait for each other longer
    than they compute, a hundred times longer on a busy machine.
    """
    global _blas_limits, _blas_users
    with _blas_lock:
        if _blas_users == 0:
            _blas_limits = threadpoolctl.threadpool_limits(1, user_api="blas")
            _disown_limits()
        _blas_users += 1
    try:
        yield
    finally:
        with _blas_lock:
            _blas_users -= 1
            if _blas_users == 0:
                _blas_limits.restore_original_limits()
                _disown_limits()


def _disown_limits() -> None:
    """Let other threads set limits, too.

    From threadpoolctl 3.8 on OpenBLAS belongs to the thread that set its limit last, and what
    others ask for is ignored; but here the last to leave is another one than the first to come.
    """
    disown = getattr(
        getattr(threadpoolctl, "OpenBLASController", None), "clear_controlling_thread", None
    )
    if disown is not None:
        disown(force=True)
