"""`Batches`: what waits is predicted together, on a thread of its own where that takes long.

Nothing waits for more to come: a batch is what has come by now. Only rows of the same kind go
together, of models whose rows do not depend on one another, so that an answer has the
bits that it would have alone.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from pynn.serving._content import BadContent, RequestRows
from pynn.serving._served import Served

Outputs = dict[str, np.ndarray]

# To hand rows to a thread and to wait for the interpreter's lock takes longer than a small network.
_SHORT = 1e-3  # seconds


class _Waiting(NamedTuple):
    rows: RequestRows
    future: asyncio.Future[Outputs]


class Batches:
    """Predictions for requests of one event loop.

    Parameters
    ----------
    served : Served
    max_rows : int
        Rows to predict together; a request that has more goes alone.
    observe : callable
        Called with the numbers of requests and rows of each batch.
    """

    def __init__(self, served: Served, max_rows: int, observe: Callable[[int, int], None]) -> None:
        self._served = served
        self._max_rows = max_rows
        self._observe = observe
        self._waiting: deque[_Waiting] = deque()
        self._is_busy = False
        self._row_seconds = math.inf  # of the fastest batch so far
        self._thread = ThreadPoolExecutor(1, "pynn-predict")

    async def predict(self, rows: RequestRows) -> Outputs:
        """Return the outputs for some rows.

        Raises
        ------
        BadContent
            If the model refuses them.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outputs] = loop.create_future()
        self._waiting.append(_Waiting(rows, future))
        if not self._is_busy:
            self._is_busy = True
            # After what else has arrived by now has been read.
            loop.call_soon(self._start, loop)
        return await future

    def close(self) -> None:
        """End the thread, after what it does now."""
        self._thread.shutdown()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._next()
        if not batch:
            self._is_busy = False
            return
        parts = [each.rows for each in batch]
        if sum(rows.size for rows in parts) * self._row_seconds < _SHORT:
            self._answer(batch, self._outcomes(parts))
            loop.call_soon(self._start, loop)
            return
        running = loop.run_in_executor(self._thread, self._outcomes, parts)
        running.add_done_callback(partial(self._finish, loop, batch))

    def _next(self) -> list[_Waiting]:
        """Take from those that wait the first, and others that can go with it."""
        batch: list[_Waiting] = []
        left: deque[_Waiting] = deque()
        count = 0
        for each in self._waiting:
            if each.future.done():  # nobody waits any more
                continue
            if batch and not self._go_together(batch[0].rows, each.rows, count):
                left.append(each)
                continue
            batch.append(each)
            count += each.rows.size
        self._waiting = left
        return batch

    def _go_together(self, first: RequestRows, other: RequestRows, count: int) -> bool:
        apart = self._served.is_apart
        return apart and first.kind == other.kind and count + other.size <= self._max_rows

    def _outcomes(self, batch: list[RequestRows]) -> list[Outputs | Exception]:
        """Return outputs, or what went wrong, for each request."""
        self._observe(len(batch), sum(rows.size for rows in batch))
        arrays = batch[0].arrays
        if len(batch) > 1:
            joined = zip(*(rows.arrays for rows in batch), strict=True)
            arrays = [np.concatenate(parts) for parts in joined]
        start = time.perf_counter()
        try:
            outputs = self._served.predict(arrays)
        except (ValueError, TypeError, IndexError) as error:
            if len(batch) == 1:
                return [BadContent(f"{error!s:.500}")]
            # One of them is to blame: the others have their answers.
            return [self._outcomes([rows])[0] for rows in batch]
        except Exception as error:  # the server's own fault
            return [error] * len(batch)
        seconds = (time.perf_counter() - start) / len(arrays[0])
        self._row_seconds = min(self._row_seconds, seconds)
        if len(batch) == 1:
            return [outputs]
        ends = np.cumsum([rows.size for rows in batch])[:-1]
        parts = {name: np.split(array, ends) for name, array in outputs.items()}
        return [{name: each[i] for name, each in parts.items()} for i in range(len(batch))]

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[_Waiting],
        running: asyncio.Future[list[Outputs | Exception]],
    ) -> None:
        self._answer(batch, running.result())
        self._start(loop)

    @staticmethod
    def _answer(batch: list[_Waiting], outcomes: list[Outputs | Exception]) -> None:
        for each, outcome in zip(batch, outcomes, strict=True):
            if each.future.done():
                continue
            if isinstance(outcome, Exception):
                each.future.set_exception(outcome)
            else:
                each.future.set_result(outcome)
