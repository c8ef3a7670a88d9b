"""The perceptron's kernel behind the methods that the epoch loop calls.

One threshold or linear unit, trained row by row. What the rows mean, and when to stop, is not
here.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _core
from pynn.graph import PythonTrainer

# Stored numbers that one call of the kernel goes through, some ten milliseconds' worth: between
# calls the loop looks at the clock and at signals.
CALL_ENTRIES = 1 << 22


class UnitTrainer(PythonTrainer):
    """Trains one unit; has the methods of the engine's ``Trainer`` that the epoch loop uses.

    A step of the loop is a run of rows, the learning rate that of all updates in it.

    Parameters
    ----------
    rows : PerceptronRows
        What all units of a fit are trained on.
    weights : ndarray of shape (features,)
    intercept : ndarray of shape (1,)
        Both are trained in place.
    rule : dict
        Keyword arguments of ``_core.perceptron_epoch`` that stay the same.
    stop : threading.Event
        Once it is set, no more steps are taken.

    Attributes
    ----------
    iterations : int
        Steps taken.
    finite : bool
        Whether weights and intercept are.
    """

    def __init__(
        self,
        rows: Any,
        weights: np.ndarray,
        intercept: np.ndarray,
        rule: dict[str, Any],
        stop: threading.Event,
    ) -> None:
        self.iterations = 0
        self._weights = weights
        self._intercept = intercept
        self._rule = rule
        self._stop = stop
        self._l1_applied = np.zeros_like(weights) if rule["l1"] > 0 else None
        self._l1_total = 0.0
        self._rows = rows
        self.finite = bool(np.isfinite(weights).all() and np.isfinite(intercept).all())

    def start(
        self, x: Sequence[Any], y: Sequence[Any], weights: Sequence[Any], *args: Any, **kwargs: Any
    ) -> None:
        """Begin an epoch.

        Parameters
        ----------
        x : list of one ndarray of shape (n, features) or CSR matrix
        y : list of one ndarray of shape (n,)
            -1 and 1 for a threshold unit, numbers for a linear one.
        weights : list of one ndarray of shape (n,) or None
            Factor of each row's updates.
        *args, **kwargs
            See `PythonTrainer.start`.
        """
        super().start(x, y, weights, *args, **kwargs)
        (self._targets,), (self._row_weight,) = y, weights
        self._loss = self._penalty = 0.0

    def run(self, rates: np.ndarray, seconds: float) -> int:
        """Take at most ``len(rates)`` steps for about `seconds`; return how many."""
        return 0 if self._stop.is_set() else super().run(rates, seconds)

    def _step(self, rows: np.ndarray, numbers: np.ndarray) -> None:
        done = _core.perceptron_epoch(
            self._rows,
            rows,
            self._targets,
            self._weights,
            self._intercept,
            rate=float(numbers[0]),
            sample_weight=self._row_weight,
            l1_applied=self._l1_applied,
            l1_total=self._l1_total,
            **self._rule,
        )
        self._loss += done["loss"]
        self._penalty += done["penalty"]
        self._l1_total = done["l1_total"]
        self.finite = self.finite and done["finite"]
        self.iterations += 1

    def results(self) -> dict[str, Any]:
        """Return totals since `start`: the loss with penalty, and the loss alone."""
        count = max(self._next, 1)
        return {
            "loss": (self._loss + self._penalty, count),
            "outputs": [(self._loss, count)],
            "metrics": [[]],
        }


def checked_rows(x: Any, dtype: np.dtype) -> Any:
    """Return an array or CSR matrix as the kernel reads it."""
    parts = x if isinstance(x, np.ndarray) else (x.data, x.indices, x.indptr, x.shape[1])
    return _core.PerceptronRows(parts, dtype)


def step_rows(x: Any) -> int:
    """Return how many rows of `x` make one step."""
    stored = x.size if isinstance(x, np.ndarray) else x.nnz
    return max(1, x.shape[0] * CALL_ENTRIES // max(stored, 1))
