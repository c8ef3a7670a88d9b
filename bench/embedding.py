"""Embedding: what a step costs by vocabulary and optimizer, beside Keras and PyTorch.

A network of an Embedding of 16 numbers, 4 of them a row, and a Dense layer of one unit is trained
with batches of 256 rows on vocabularies of 100, 10,000 and 1,000,000: by plain SGD, by Adam, whose
steps go through the whole table, and by Adam that leaves alone the rows without a gradient: pynn's
`Adam(lazy=True)` and PyTorch's `SparseAdam`. Keras has no such Adam; its own stands beside it.
PyTorch's gradients are sparse, but for Adam, which has no use for them.

Every library runs in a process of its own, on as many processors as --threads says; rounds are
interleaved, and figures are medians of them. What is not installed is left out.

usage: python bench/embedding.py [--rounds N] [--steps N] [--threads N] [--libraries NAME ...]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

_VOCABULARIES = (100, 10_000, 1_000_000)
_OPTIMIZERS = ("SGD", "Adam", "lazy Adam")
_WIDTH = 16
_PLACES = 4
_BATCH = 256
_RATE = 0.01
_NEEDS = {
    "pynn": "pynn",
    "Keras, JAX": "jax",
    "Keras, TensorFlow": "tensorflow",
    "PyTorch": "torch",
}

# Takes the number of epochs, and trains.
Fit = Callable[[int], None]


def data(vocabulary: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, vocabulary, (steps * _BATCH, _PLACES), np.int32)
    return x, rng.normal(size=(len(x), 1)).astype(np.float32)


def like_keras(k: Any, vocabulary: int, optimizer: Any, x: np.ndarray, y: np.ndarray) -> Fit:
    model = k.Sequential(
        [
            k.Input((_PLACES,), dtype="int32"),
            k.layers.Embedding(vocabulary, _WIDTH),
            k.layers.Flatten(),
            k.layers.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer=optimizer)
    return lambda epochs: model.fit(x, y, batch_size=_BATCH, epochs=epochs, verbose=0)


def fit_of_pynn(vocabulary: int, optimizer: str, x: np.ndarray, y: np.ndarray) -> Fit:
    import pynn

    sgd = optimizer == "SGD"
    lazy = optimizer == "lazy Adam"
    own = pynn.optimizers.SGD(_RATE) if sgd else pynn.optimizers.Adam(_RATE, lazy=lazy)
    return like_keras(pynn, vocabulary, own, x, y)


def fit_of_keras(vocabulary: int, optimizer: str, x: np.ndarray, y: np.ndarray) -> Fit:
    import keras

    own = keras.optimizers.SGD if optimizer == "SGD" else keras.optimizers.Adam
    return like_keras(keras, vocabulary, own(_RATE), x, y)


def fit_of_torch(vocabulary: int, optimizer: str, x: np.ndarray, y: np.ndarray) -> Fit:
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    dense = optimizer == "Adam"
    table = torch.nn.Embedding(vocabulary, _WIDTH, sparse=not dense)
    layer = torch.nn.Linear(_PLACES * _WIDTH, 1)
    if optimizer == "lazy Adam":
        made: list[Any] = [
            torch.optim.SparseAdam(table.parameters(), _RATE),
            torch.optim.Adam(layer.parameters(), _RATE),
        ]
    else:
        kind = torch.optim.Adam if dense else torch.optim.SGD
        made = [kind([*table.parameters(), *layer.parameters()], _RATE)]
    loss, inputs, targets = torch.nn.MSELoss(), torch.from_numpy(x), torch.from_numpy(y)

    def fit(epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for first in range(0, len(x), _BATCH):
                rows = order[first : first + _BATCH]
                for each in made:
                    each.zero_grad()
                out = layer(table(inputs[rows]).flatten(1))
                loss(out, targets[rows]).backward()
                for each in made:
                    each.step()

    return fit


def measure(library: str, steps: int, threads: int) -> dict[str, float]:
    """Seconds of a step, for each vocabulary and optimizer."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    if library.startswith("Keras"):
        os.environ["KERAS_BACKEND"] = _NEEDS[library]
    makers = {"pynn": fit_of_pynn, "PyTorch": fit_of_torch}
    found = {}
    for vocabulary in _VOCABULARIES:
        x, y = data(vocabulary, steps)
        for optimizer in _OPTIMIZERS:
            if library.startswith("Keras") and optimizer == "lazy Adam":
                continue
            fit = makers.get(library, fit_of_keras)(vocabulary, optimizer, x, y)
            fit(1)  # compiles
            epochs, taken = 1, 0.0
            while taken < 0.2 and epochs < 1000:
                epochs *= 4
                start = time.perf_counter()
                fit(epochs)
                taken = time.perf_counter() - start
            found[f"{vocabulary}|{optimizer}"] = taken / (epochs * steps)
    return found


def in_process(library: str, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", library, "--steps", str(arguments.steps)]
    command += ["--threads", str(arguments.threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20, help="of an epoch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--libraries", nargs="+", choices=_NEEDS, default=list(_NEEDS))
    parser.add_argument("--measure", choices=_NEEDS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.steps, arguments.threads)))
        return
    libraries = [name for name in arguments.libraries if importlib.util.find_spec(_NEEDS[name])]
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(arguments.rounds):
        for library in libraries:
            for case, seconds in in_process(library, arguments).items():
                taken.setdefault((case, library), []).append(seconds)
    print(
        f"Steps of {_BATCH} rows of {_PLACES} numbers, {_WIDTH} wide, {arguments.threads} "
        f"thread(s), in microseconds; in brackets, how many times as long as pynn's\n"
    )
    print(f"| vocabulary | optimizer | {' | '.join(libraries)} |")
    print("|---" * (2 + len(libraries)) + "|")
    for vocabulary in _VOCABULARIES:
        for optimizer in _OPTIMIZERS:
            cells = []
            own = statistics.median(taken.get((f"{vocabulary}|{optimizer}", "pynn"), [np.nan]))
            for library in libraries:
                known = taken.get((f"{vocabulary}|{optimizer}", library))
                if known is None:  # Keras's Adam
                    known = taken[f"{vocabulary}|Adam", library]
                median = statistics.median(known)
                times = "" if library == "pynn" else f" ({median / own:.1f})"
                cells.append(f"{median * 1e6:,.1f}{times}")
            print(f"| {vocabulary:,} | {optimizer} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
