"""`BatchData`: data that comes batch by batch, from a generator or a dataset written in Python."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pynn.training._data import ArrayData


def comes_in_batches(x: Any) -> bool:
    """Whether `x` hands out batches, as generators, `PyDataset` and data loaders do."""
    if isinstance(x, (list, tuple, dict, np.ndarray)) or hasattr(x, "shape"):
        return False
    return hasattr(x, "__next__") or hasattr(x, "on_epoch_end") or hasattr(x, "__iter__")


class BatchData:
    """Batches that an object hands out.

    Parameters
    ----------
    source : generator, PyDataset or iterable
        Of ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.
    adapt : callable
        ``adapt(x, y, sample_weight)`` returns an `ArrayData`.

    Attributes
    ----------
    repeats : bool
        Whether `source` can be gone through more than once.
    """

    def __init__(self, source: Any, adapt: Callable[[Any, Any, Any], ArrayData]) -> None:
        self._source = source
        self._adapt = adapt
        self._indexed = _is_indexed(source)
        self.repeats = not hasattr(source, "__next__")

    def count_steps(self, batch_size: int) -> int | None:
        """Return the number of batches if it is known; they have their own size."""
        return _count(self._source)

    def peek(self) -> ArrayData:
        """Return the first batch, which is handed out again by `batches`."""
        first, self._source = first_of(self._source)
        return self._one(first)

    def batches(self, seed: int | None = None) -> Iterator[ArrayData]:
        """Yield the batches once, those of an indexed source in an order that follows from `seed`.

        An indexed source is notified of the beginning and the end.
        """
        source = self._source
        count = self.count_steps(0)
        if not self._indexed or count is None:
            for batch in source:
                yield self._one(batch)
            return
        order = range(count) if seed is None else np.random.default_rng(seed).permutation(count)
        _tell(source, "on_epoch_begin")
        for index in order:
            yield self._one(source[int(index)])
        _tell(source, "on_epoch_end")

    def _one(self, batch: Any) -> ArrayData:
        if not isinstance(batch, (tuple, list)) or (isinstance(batch, list) and len(batch) > 3):
            batch = (batch,)
        if len(batch) > 3:
            raise ValueError(
                "a batch must be x, (x, y) or (x, y, sample_weight). "
                f"Received: a tuple of {len(batch)}"
            )
        x, y, sample_weight = (*batch, None, None)[:3]
        return self._adapt(x, y, sample_weight)

    def segments(
        self, trainer: Any, batch_size: int, order: Any, seed: int | None, skip: int
    ) -> Iterator[tuple[ArrayData, int]]:
        """Start `trainer` on one batch after the other, and yield each with its single step.

        The first `skip` batches are taken and dropped, as a source may know no other way.
        """
        filled = (data for data in self.batches(seed) if data.n_rows)
        for i, data in enumerate(filled):
            if i >= skip:
                x, y, weights = data.sources(trainer)
                trainer.start(x, y, weights, data.n_rows, None, None)
                yield data, 1


def first_of(source: Any) -> tuple[Any, Any]:
    """Return the first batch of a source, and what hands out all of them, this one again.

    Raises
    ------
    ValueError
        If there is none.
    """
    if _is_indexed(source):
        found = [] if _count(source) == 0 else [source[0]]
    else:
        found = list(itertools.islice(source, 1))
        if hasattr(source, "__next__"):
            source = itertools.chain(found, source)
    if not found:
        raise ValueError(
            "there is no data: what is to hand out batches has none. A generator has its batches "
            "only once"
        )
    return found[0], source


def _is_indexed(source: Any) -> bool:
    return hasattr(source, "__getitem__") and hasattr(source, "__len__")


def _count(source: Any) -> int | None:
    if hasattr(source, "num_batches"):
        count = source.num_batches
        return None if count is None else int(count)
    try:
        return len(source)
    except TypeError:  # it has no length, or has one only sometimes and not now
        return None


def _tell(source: Any, event: str) -> None:
    method = getattr(source, event, None)
    if method is not None:
        method()
