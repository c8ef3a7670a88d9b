"""What ``fit`` costs beside its steps: progress, metrics, callbacks, a callback for each batch.

The two textbook networks, plain SGD, batches of 32. Each round trains with every row of the table,
one after the other; figures are medians over the rounds, and their ratio to a silent ``fit``.
"terminal" is a pseudo-terminal that somebody reads, "file" a file.

usage: python bench/fit_costs.py [--rounds N] [--threads N] [--networks fashion california]
"""

from __future__ import annotations

import argparse
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import cache
from typing import Any

from measuring import data
from measuring.peers import keras_like, load
from measuring.work import SMALL_TRAINING, Training

import pynn
from pynn import backend, callbacks, optimizers

# Epochs of a call: about half a second and a hundredth.
_NETWORKS = {"fashion": Training(), "california": replace(SMALL_TRAINING, epochs=50)}
_METRICS = {True: ["accuracy", "sparse_categorical_crossentropy"], False: ["mae", "mape"]}


@cache
def _pseudo_terminal() -> Any:
    ours, theirs = pty.openpty()
    subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(ours)
    time.sleep(0.1)  # a process that starts would share the processors with what is measured
    return os.fdopen(theirs, "w")


@contextmanager
def terminal() -> Iterator[Any]:
    """Give a stream to a pseudo-terminal, whose other end is read by another process."""
    yield _pseudo_terminal()


@contextmanager
def file() -> Iterator[Any]:
    """Give a file that vanishes."""
    with tempfile.TemporaryFile("w") as stream:
        yield stream


class RateFinder(callbacks.Callback):
    """The textbook's: the learning rate grows at every step."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.losses: list[float] = []

    def on_batch_end(self, batch: int, logs: Any) -> None:
        rate = self.model.optimizer.learning_rate
        self.rates.append(backend.get_value(rate))
        self.losses.append(logs["loss"])
        backend.set_value(rate, rate * 1.0000001)


def sequential(work: Training, metrics: bool = False, **fitting: Any) -> Any:
    """Return what trains the network by ``fit`` with such arguments."""
    model = keras_like.compiled(pynn, work)
    model.compile(
        loss=model.loss,
        optimizer=optimizers.SGD(work.rate),
        metrics=_METRICS[work.classifies] if metrics else None,
    )
    make = fitting.pop("listener", None)
    x, y = data.load(work.data)

    def run() -> None:
        given = {"verbose": 0, **fitting, "callbacks": [make()] if make else None}
        model.fit(x, y, batch_size=work.batch, epochs=work.epochs, **given)

    return run


def on(stream: Callable[[], Any], run: Callable[[], None]) -> Callable[[], float]:
    """Return what measures `run` while it writes to such a stream."""

    def measured() -> float:
        with stream() as target, redirect_stdout(target):
            start = time.perf_counter()
            run()
            return time.perf_counter() - start

    return measured


def rows(work: Training) -> dict[str, Callable[[], float]]:
    """Return what is measured, by name; each returns the seconds of a call."""

    def stopping() -> Any:
        return callbacks.EarlyStopping("loss", patience=10**6)

    def each(train: Callable[[Training], Callable[[], object]]) -> Callable[[], None]:
        epoch = train(replace(work, epochs=1))

        def run() -> None:
            for _ in range(work.epochs):
                epoch()

        return run

    full = sequential(work, metrics=True, verbose=1, listener=stopping)
    return {
        "verbose=0": on(file, sequential(work)),
        "verbose=0, an epoch a call": on(file, each(load("pynn Sequential").train)),
        "estimator, an epoch a call": on(file, each(load("pynn estimator").train)),
        "verbose=0, 2 metrics": on(file, sequential(work, metrics=True)),
        "verbose=1": on(terminal, sequential(work, verbose=1)),
        "verbose=1, 2 metrics, EarlyStopping, file": on(file, full),
        "verbose=1, 2 metrics, EarlyStopping, terminal": on(terminal, full),
        "rate finder": on(file, sequential(work, listener=RateFinder)),
        "rate finder, 2 metrics": on(file, sequential(work, metrics=True, listener=RateFinder)),
    }


def main() -> None:
    """Measure, and print a table for each network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--networks", nargs="+", choices=_NETWORKS, default=list(_NETWORKS))
    arguments = parser.parse_args()
    pynn.set_num_threads(arguments.threads)
    for name in arguments.networks:
        work = _NETWORKS[name]
        measured = rows(work)
        seconds: dict[str, list[float]] = {row: [] for row in measured}
        for row in measured.values():
            row()
        for _ in range(arguments.rounds):
            for row, run in measured.items():
                seconds[row].append(run())
        base = statistics.median(seconds["verbose=0"])
        print(f"{work.data}, {work.steps} steps a call, {arguments.threads} thread(s)")
        for row, values in seconds.items():
            median = statistics.median(values)
            more = (median - base) / work.steps * 1e6
            print(
                f"  {row:46s} {median / work.epochs * 1e3:10.3f} ms per epoch, "
                f"x {median / base:.3f}, {more:+7.2f} us per step"
            )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
