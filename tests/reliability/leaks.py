"""How much a process grows by fitting, predicting, saving and loading again and again."""

from __future__ import annotations

import ctypes
import gc
import io
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pynn
from pynn import callbacks, layers, losses, ops
from pynn.models import load_model
from pynn.saving import FileError
from reliability.children import result_of

X = np.random.default_rng(0).standard_normal((100, 8)).astype("float32")
Y = X[:, :1] * X[:, 1:2]
WARM = 60  # rounds in which caches fill, and the allocator finds its size
# A leak of a row of numbers in each round would be more.
MOST_BYTES_A_ROUND = 100
# What the allocator may keep however few rounds there are.
MOST_MEGABYTES = 1.0


def train_and_load() -> None:
    """Make a model, train it with callbacks, and load it again."""
    made = pynn.Sequential([pynn.Input((8,)), layers.Dense(20, "relu"), layers.Dense(1)])
    made.compile(loss="mse", optimizer="adam", metrics=["mae"])
    stop = callbacks.EarlyStopping(monitor="loss", restore_best_weights=True)
    made.fit(X, Y, verbose=0, epochs=2, validation_split=0.2, callbacks=[stop])
    file = io.BytesIO()
    made.save(file)
    file.seek(0)
    load_model(file).predict(X, verbose=0)


def train_an_estimator() -> None:
    made = pynn.MLPClassifier((10,), max_iter=2)
    made.fit(X, Y[:, 0] > 0)
    made.predict(X)
    file = io.BytesIO()
    made.save(file)
    file.seek(0)
    pynn.load(file)


def train_in_python() -> None:
    """Ops and losses that the engine does not have."""
    inputs = pynn.Input((8,))
    made = pynn.Model(inputs, layers.Dense(1)(ops.sin(layers.Dense(5)(inputs))))
    made.compile(loss=lambda t, p: ops.mean(ops.abs(ops.cos(t - p))), optimizer="sgd")
    made.fit(X, Y, verbose=0)
    losses.Huber()(Y, made.predict(X, verbose=0))


def fail() -> None:
    """Errors in data, callbacks and files."""
    made = pynn.Sequential([pynn.Input((8,)), layers.Dense(1)])
    made.compile(loss="mse", optimizer="sgd")

    def broken(epoch: int, logs: Any) -> None:
        raise ZeroDivisionError

    for attempt in (
        lambda: made.fit(X[:, :3], Y, verbose=0),
        lambda: made.fit(X, Y, verbose=0, callbacks=[callbacks.LambdaCallback(broken)]),
        lambda: load_model(io.BytesIO(b"nothing")),
    ):
        try:
            attempt()
        except (ValueError, ZeroDivisionError, FileError):
            pass


ROUNDS: list[Callable[[], None]] = [train_and_load, train_an_estimator, train_in_python, fail]


def resident() -> int:
    """Return the bytes of memory that the process has, without what its allocator has free."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def growth(round_of: Callable[[], None], count: int) -> list[int]:
    """Return by how many bytes the process has grown after each tenth of `count` rounds."""
    warnings.simplefilter("ignore")  # of training that ends early
    pynn.utils.set_random_seed(0)
    for _ in range(WARM):
        round_of()
    before, sizes = resident(), []
    for _ in range(10):
        for _ in range(count // 10):
            round_of()
        sizes.append(resident() - before)
    return sizes


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Go `count` times through each kind of round, in a fresh process each."""
    most = max(MOST_MEGABYTES * 1e6, MOST_BYTES_A_ROUND * count)
    figures = {"rounds of each": count}
    for round_of in ROUNDS:
        name = round_of.__name__
        sizes = result_of(growth, round_of, count, patience=60 + 0.5 * count)
        # The first tenth is the allocator's, which takes some thousand rounds to find its size.
        size = sizes[-1] - sizes[0]
        assert size < most, f"{count} rounds of {name} have taken {size} bytes: {sizes}"
        figures[f"{name}, KB"] = round(size / 1000)
        yield dict(figures)
