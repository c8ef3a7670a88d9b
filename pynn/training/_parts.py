"""Data in parts, for evaluation and prediction in calls short enough for Ctrl-C."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pynn.training._batches import BatchData
from pynn.training._data import ArrayData

_OPERATIONS = 2e9  # per call: 20 ms at 100 GFLOP/s, 0.2 s on a machine ten times slower
_LEAST_ROWS = 1024


def rows_per_call(parameters: int) -> int:
    """Return how many rows a network with that many weights takes in one call."""
    return max(_LEAST_ROWS, int(_OPERATIONS / (2 * max(parameters, 1))) // 1024 * 1024)


def count_steps(data: ArrayData | BatchData, batch_size: int, limit: int | None) -> int | None:
    """Return the number of batches, at most `limit`; None if that shows only at the end."""
    count = data.count_steps(batch_size)
    return limit or count if count is None or limit is None else min(limit, count)


def parts_of(
    data: ArrayData | BatchData, rows: int, steps: int | None = None, batch_size: int = 1
) -> Iterator[ArrayData]:
    """Yield data in parts; of arrays without rows it is a single, empty one.

    Parameters
    ----------
    data : ArrayData or BatchData
        Batches are parts as they are.
    rows : int
        How many a part of arrays has at most.
    steps : int, default=None
        How many batches to use, for arrays of `batch_size` rows; None stands for all.
    """
    if isinstance(data, BatchData):
        yield from itertools.islice(data.batches(), steps)
        return
    n_rows = data.n_rows if steps is None else min(data.n_rows, steps * batch_size)
    if n_rows == data.n_rows <= rows:
        yield data
        return
    for start in range(0, n_rows, rows):
        yield data.take(slice(start, min(start + rows, n_rows)))


def collect(outputs: Iterable[Sequence[np.ndarray]], n_rows: int | None = None) -> list[np.ndarray]:
    """Return the outputs of parts, one part after the other.

    Parameters
    ----------
    outputs : iterable of sequences of ndarray
        For each part, its rows of each output.
    n_rows : int, default=None
        Of all parts, which may end before; None if that is not known.

    Raises
    ------
    ValueError
        If there are no parts.
    """
    parts: list[Sequence[np.ndarray]] = []
    whole: list[np.ndarray] = []
    done = 0
    for part in outputs:
        if n_rows is None or len(part[0]) == n_rows:
            parts.append(part)
            continue
        if not whole:  # in place, as there may be no memory for all of it twice
            whole = [np.empty((n_rows, *array.shape[1:]), array.dtype) for array in part]
        for result, array in zip(whole, part, strict=True):
            result[done : done + len(array)] = array
        done += len(part[0])
    if whole:
        return [array[:done] for array in whole]
    if not parts:
        raise ValueError("there is no data to predict from: it has no rows")
    return [
        group[0] if len(group) == 1 else np.concatenate(group) for group in zip(*parts, strict=True)
    ]
