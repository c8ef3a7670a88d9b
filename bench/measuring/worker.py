"""The process of one peer: prepares pieces of work and does them on command.

``python -m measuring.worker PEER`` reads a JSON object a line and answers with one. Only the lab
speaks to it. While it waits it is stopped, so that no pool of threads spins beside a measurement.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from measuring import peers, work

# From so many calls on a sample begins with one that is not timed, to fill the caches again.
_MANY = 10
# A first call that takes so many samples is warm-up enough.
_LONG = 4


class Jobs:
    """What has been prepared, by number."""

    def __init__(self, peer: str) -> None:
        self.module = peers.load(peer)
        self.runs: dict[int, tuple[Callable[[], Any], int]] = {}

    def prepare(self, job: int, piece: str, fields: dict[str, Any], threads: int) -> None:
        fields = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        case = work.PIECES[piece](**fields)
        self.module.set_threads(threads)
        self.runs[job] = getattr(self.module, case.verb)(case), threads

    def sample(self, job: int, repeats: int) -> tuple[float, float | None]:
        """Return the seconds of one call, and the mean of what the calls measured themselves."""
        run, threads = self.runs[job]
        self.module.set_threads(threads)
        if repeats >= _MANY:
            run()
        begin = time.perf_counter()
        if repeats > 1000:
            for _ in range(repeats):
                run()
            return (time.perf_counter() - begin) / repeats, None
        results = [run() for _ in range(repeats)]
        seconds = (time.perf_counter() - begin) / repeats
        measured = [r for r in results if isinstance(r, float)]
        return seconds, sum(measured) / repeats if len(measured) == repeats else None

    def warm_up(self, job: int, seconds: float) -> int:
        """Return the number of calls that a sample of about so many seconds takes."""
        repeats, taken = 1, self.sample(job, 1)[0]  # includes making plans and compiling
        if taken > _LONG * seconds:
            return 1
        while True:
            taken = self.sample(job, repeats)[0]
            wanted = max(1, round(seconds / max(taken, 1e-9)))
            if repeats * 4 >= wanted:
                return wanted
            repeats *= 8

    def drop(self, job: int) -> None:
        self.runs.pop(job, None)

    def answer(self, request: dict[str, Any]) -> Any:
        return getattr(self, request.pop("do"))(**request)


def main() -> None:
    warnings.simplefilter("ignore")  # one epoch a fit does not converge
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    jobs = Jobs(sys.argv[1])
    for line in sys.stdin:
        try:
            reply = {"answer": jobs.answer(json.loads(line))}
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main()
