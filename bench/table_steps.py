"""How near do the training steps of the presets for tables come to the processor's peak?

``python bench/table_steps.py`` trains each preset's network, and one of Dense layers of the same
widths with relu, by Adam, in turns on one thread: 4,096 rows of 10 numbers in batches of 256. It
prints the rate of their matrix products' operations as a share of the rate of multiply-adds in
registers, which is measured between them. What else a step does, activations, dropout, cosines,
the optimizer and Python's part of an epoch, takes time and counts for nothing.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import pynn
from pynn import _core, layers, models
from pynn.estimators.tabular._network import TableShape
from pynn.estimators.tabular._networks import Networks
from pynn.estimators.tabular._recipes import PRESETS, REGRESSION
from pynn.graph import engine_graph

ROWS, NUMBERS, BATCH = 4096, 10, 256


def operations(model: models.Model) -> float:
    """Return the multiplications and additions of a step's matrix products, for each row.

    A layer has three: its outputs, the weights' gradient and, above the input, that of its inputs.
    """
    nodes = engine_graph(model._plan()).nodes
    total = 0
    for node in nodes:
        if node.kind in ("dense", "grouped_dense"):
            source = nodes[node.inputs[0]]
            groups = len(node.indices) or 1
            products = 2 if source.kind == "input" else 3
            total += 2 * products * source.width // groups * node.width
    return total


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Return standard normal numbers, and products of them with noise."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, NUMBERS), dtype=np.float32)
    noise = rng.standard_normal((ROWS, 1), dtype=np.float32)
    return x, x[:, :1] * x[:, 1:2] + np.float32(0.1) * noise


def preset(name: str) -> tuple[models.Model, Callable[[int], Any]]:
    """Return the network of a preset, and what trains it for some epochs."""
    recipe = replace(PRESETS[name][REGRESSION], batch_size=BATCH)
    networks = Networks(recipe, TableShape(NUMBERS, (), (), ROWS), 1, REGRESSION)
    network = networks.build(0, ROWS)
    x, y = rows()
    if network.initialize is not None:
        network.initialize([x])
    given = {"x": x, "y": y}
    if network.batches is not None:
        given = {"x": network.batches([x], y, None), "shuffle": False}

    def train(epochs: int) -> None:
        network.model.fit(**given, **network.fit_arguments, epochs=epochs, verbose=0)

    return network.model, train


def plain(widths: tuple[int, ...]) -> tuple[models.Model, Callable[[int], Any]]:
    """Return a network of Dense layers, and what trains it for some epochs."""
    model = models.Sequential([layers.Dense(width, activation="relu") for width in widths])
    model.compile(optimizer="adam", loss="mse")
    x, y = rows()
    model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
    return model, lambda epochs: model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)


def shares(name: str, rounds: int, seconds: float) -> list[float]:
    """Return the shares of the peak of a preset and of a plain network, medians over rounds."""
    recipe: Any = PRESETS[name][REGRESSION]
    contenders = [preset(name), plain((*recipe.hidden_layer_sizes, 1))]
    epochs, work = [], [operations(model) * ROWS for model, _ in contenders]
    for _, train in contenders:
        train(1)
        start = time.perf_counter()
        train(1)
        epochs.append(max(1, round(seconds / (time.perf_counter() - start))))
    found: list[list[float]] = [[], []]
    for _ in range(rounds):
        for i, (_, train) in enumerate(contenders):
            before = _core.measure_peak(seconds / 4, 1)
            start = time.perf_counter()
            train(epochs[i])
            taken = time.perf_counter() - start
            peak = 0.5e9 * (before + _core.measure_peak(seconds / 4, 1))
            found[i].append(epochs[i] * work[i] / taken / peak)
    return [statistics.median(each) for each in found]


def main() -> None:
    """Print a line for each preset."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", default=list(PRESETS), choices=list(PRESETS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.2, help="of each turn")
    arguments = parser.parse_args()
    pynn.set_num_threads(1)
    print(f"{_core.isa()}: share of the peak, and that of Dense layers of the same widths")
    for name in arguments.presets:
        own, beside = shares(name, arguments.rounds, arguments.seconds)
        print(f"{name:10} {own:4.0%} {beside:4.0%}", flush=True)


if __name__ == "__main__":
    main()
