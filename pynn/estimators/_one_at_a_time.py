"""One fit of an estimator at a time, whichever threads ask for them."""

from __future__ import annotations

import os
import threading
from typing import Any

# Where an estimator keeps its lock, which no copy of it takes along.
LOCK = "_fit_lock"


class FitLock:
    """A lock that a thread may take several times; a forked child does not inherit who holds it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *raised: object) -> None:
        self._lock.release()


def lock_of(estimator: Any) -> FitLock:
    """Return what lets one thread at a time train an estimator, as a context.

    Calls from several threads then do what they would do one after the other, in whatever order. A
    callback may still fit the estimator that is being trained.
    """
    known = vars(estimator)
    lock: FitLock | None = known.get(LOCK)
    if lock is None:
        lock = known.setdefault(LOCK, FitLock())  # one thread's, whoever comes first
    if lock.process != os.getpid():
        lock = known[LOCK] = FitLock()
    return lock


def without_lock(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of an estimator for a copy."""
    return {name: value for name, value in state.items() if name != LOCK}
