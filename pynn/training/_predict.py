"""Prediction over many rows, in calls short enough for Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_OPERATIONS = 2e9  # per call: 20 ms at 100 GFLOP/s, 0.2 s on a machine ten times slower
_LEAST_ROWS = 1024

Report = Callable[[int], None]  # of how many rows are done


def rows_per_call(parameters: int) -> int:
    """Return how many rows a network with that many weights takes in one call."""
    return max(_LEAST_ROWS, int(_OPERATIONS / (2 * max(parameters, 1))) // 1024 * 1024)


def predict(
    plan: Any,
    arrays: Sequence[Any],
    batch_size: int | None = None,
    *,
    chunk: int = 8192,
    report: Report | None = None,
) -> list[np.ndarray]:
    """Return a plan's outputs for all rows, each of shape (n, width).

    Parameters
    ----------
    plan : pynn.graph.Plan
    arrays : sequence of arrays or sparse matrices
        One for each input.
    batch_size : int, default=None
        Rows that are computed at once; see `Plan.predict`.
    chunk : int, default=8192
        Rows per native call.
    report : callable, default=None
        Called with the number of rows done after each call.
    """
    n_rows = arrays[0].shape[0]
    if n_rows <= chunk:
        outputs: list[np.ndarray] = plan.predict(arrays, batch_size)
        if report is not None:
            report(n_rows)
        return outputs
    results: list[np.ndarray] = []
    for start in range(0, n_rows, chunk):
        rows = slice(start, start + chunk)
        parts = plan.predict([array[rows] for array in arrays], batch_size)
        if not results:
            results = [np.empty((n_rows, *part.shape[1:]), part.dtype) for part in parts]
        for result, part in zip(results, parts, strict=True):
            result[rows] = part
        if report is not None:
            report(min(start + chunk, n_rows))
    return results
