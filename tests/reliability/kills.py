"""Trainings in processes that are killed at random moments, and taken up by the next process."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pynn
from pynn import callbacks, layers
from pynn.models import load_model
from reliability.children import PATIENCE, context

EPOCHS = 8
X = np.random.default_rng(0).standard_normal((150, 6)).astype("float32")
Y = X[:, :1] * X[:, 1:2]


def build() -> Any:
    model = pynn.Sequential(
        [
            pynn.Input((6,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.2),
            layers.BatchNormalization(),
            layers.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    return model


def train(folder: Path, begun: Any) -> None:
    """Do what a user's program does: train with checkpoints, then save the weights."""
    pynn.utils.set_random_seed(3)
    model = build()
    begun.set()
    model.fit(
        X,
        Y,
        batch_size=16,
        epochs=EPOCHS,
        validation_split=0.2,
        verbose=0,
        callbacks=[
            callbacks.CSVLogger(folder / "log.csv", append=True),
            callbacks.ModelCheckpoint(folder / "best.pynn", monitor="loss", save_best_only=True),
            callbacks.ModelCheckpoint(folder / "last.keras"),
            callbacks.BackupAndRestore(folder / "backup", save_freq=3),
        ],
    )
    model.save_weights(folder / "end.pynn")


def attempt(folder: Path, seconds: float) -> tuple[bool, float]:
    """Let a process train for at most so long; return whether it came to the end, and its time."""
    made = context()
    begun = made.Event()
    child = made.Process(target=train, args=(folder, begun))
    child.start()
    assert begun.wait(PATIENCE), "a child does not begin"
    start = time.perf_counter()
    child.join(seconds)
    killed = child.exitcode is None
    child.kill()
    child.join()
    assert killed or child.exitcode in (0, -9), f"a child ended with {child.exitcode}"
    finished = child.exitcode == 0
    child.close()
    return finished, time.perf_counter() - start


def check(folder: Path, expected: dict[str, str]) -> None:
    """Check what a killed process has left: every file is whole."""
    for path in folder.rglob("*"):
        if path.name.startswith(".") or path.is_dir():
            continue
        if path.parent.name == "backup":
            if path.suffix == ".pynn":
                build().load_weights(path)
        elif path.name == "log.csv":
            for line in path.read_text().splitlines():
                epoch = line.partition(",")[0]
                assert line == expected[epoch], f"a line is not that of the whole run: {line!r}"
        elif path.name == "end.pynn":
            build().load_weights(path)
        else:
            load_model(path)


def weights_in(path: Path) -> list[np.ndarray]:
    model = build()
    model.load_weights(path)
    return model.get_weights()


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Kill `count` processes, and compare the trainings that come to their end with a whole one."""
    rng = random.Random(seed)
    whole, broken = folder / "whole", folder / "broken"
    whole.mkdir()
    finished, seconds = attempt(whole, PATIENCE)
    assert finished
    lines = (whole / "log.csv").read_text().splitlines()
    expected = {line.partition(",")[0]: line for line in lines}
    assert len(expected) == EPOCHS + 1
    weights = weights_in(whole / "end.pynn")
    figures = Counter(kills=0, trainings=0)
    while figures["kills"] < count:
        shutil.rmtree(broken, ignore_errors=True)
        broken.mkdir()
        finished = False
        while not finished:
            # Past the count, the training that is left is brought to its end.
            patience = rng.uniform(0, seconds) if figures["kills"] < count else PATIENCE
            finished, _ = attempt(broken, patience)
            figures["kills"] += not finished
            check(broken, expected)
            yield dict(figures)
        for one, other in zip(weights, weights_in(broken / "end.pynn"), strict=True):
            np.testing.assert_array_equal(one, other)
        seen = (broken / "log.csv").read_text().splitlines()
        assert set(seen) == set(lines), "the log lacks lines"
        figures["trainings"] += 1
        figures["temporary files"] += len(list(broken.rglob(".*.tmp")))
        yield dict(figures)
