"""`PythonTrainer`: batches and steps of trainers written in Python, like those of the engine."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np


class PythonTrainer(ABC):
    """Goes through data in batches; see ``Trainer`` in ``_core.pyi`` for the methods.

    Data comes as arrays and sparse matrices instead of ``Rows``.
    """

    takes_arrays = True
    _order: np.ndarray = np.arange(0)
    _next = 0

    def start(
        self,
        x: Sequence[Any],
        y: Sequence[Any],
        weights: Sequence[Any],
        batch_size: int,
        order: np.ndarray | None = None,
        shuffle_seed: int | None = None,
        skip: int = 0,
    ) -> None:
        """Begin an epoch after its first `skip` batches."""
        self._data = (list(x), list(y), list(weights))
        n_rows = x[0].shape[0]
        self._order = np.arange(n_rows) if order is None else np.array(order, np.int64)
        if shuffle_seed is not None:
            np.random.default_rng(shuffle_seed).shuffle(self._order)
        self._batch_size = batch_size
        self._next = skip * batch_size

    def run(self, rates: np.ndarray, seconds: float) -> int:
        """Take steps, each with its learning rate, for about `seconds`; return how many."""
        stop = time.perf_counter() + seconds
        done = 0
        while done < len(rates) and self._next < len(self._order):
            rows = self._order[self._next : self._next + self._batch_size]
            self._next += len(rows)
            self._step(rows, float(rates[done]))
            done += 1
            if time.perf_counter() > stop:
                break
        return done

    @abstractmethod
    def _step(self, rows: np.ndarray, rate: float) -> None:
        """Train on the rows of these numbers."""
