"""One fit of an estimator at a time, whichever threads ask for them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.base import BaseEstimator

# Where an estimator keeps its lock, which no copy of it takes along.
LOCK = "_fit_lock"


class FitLock:
    """A lock that a thread may take several times; a forked child does not inherit who holds it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._lock = threading.RLock()
        self._trainings = 0  # of the thread that has the lock, one within the other

    def __enter__(self) -> FitLock:
        self._lock.acquire()
        return self

    def __exit__(self, *raised: object) -> None:
        self._lock.release()

    @contextmanager
    def training(self, anew: bool) -> Iterator[None]:
        """Hold while the estimator is trained, by who has the lock; a callback may come again.

        Parameters
        ----------
        anew : bool
            Whether this training starts with new weights.

        Raises
        ------
        RuntimeError
            If it would take the weights away from a training that is under way.
        """
        if anew and self._trainings:
            raise RuntimeError(
                "fit() was called from within fit() of the same estimator, by a callback or "
                "another function of its own, and would replace the weights that are being "
                "trained. Fit a clone, or let partial_fit() or warm_start=True carry on with them"
            )
        outer = self._trainings
        self._trainings += 1
        try:
            yield
        finally:
            self._trainings = outer

    def training_is_over(self) -> None:
        """From now on the innermost training's weights may be replaced."""
        self._trainings -= 1


def lock_of(estimator: BaseEstimator) -> FitLock:
    """Return what lets one thread at a time train an estimator, as a context.

    Calls from several threads then do what they would do one after the other, in whatever order. A
    callback may still carry on with the training of its own estimator.
    """
    known = vars(estimator)
    lock: FitLock | None = known.get(LOCK)
    if lock is None:
        lock = known.setdefault(LOCK, FitLock())  # one thread's, whoever comes first
    if lock.process != os.getpid():
        lock = known[LOCK] = FitLock()
    return lock
