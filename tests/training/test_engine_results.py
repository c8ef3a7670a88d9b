"""A trainer that is asked for something while another thread is using it."""

from __future__ import annotations

import threading

import numpy as np

from pynn import graph, layers
from pynn.graph import to_rows


def test_results_may_be_asked_for_while_gradients_are_computed() -> None:
    """The other thread stops to look for signals, for which it needs the GIL."""
    inputs = layers.Input((64,))
    hidden = layers.Dense(256, activation="tanh")(inputs)
    plan = graph.Plan([inputs], [layers.Dense(1)(hidden)])
    trainer = plan.trainer([("mean_squared_error", [])], ("sgd", []))
    rng = np.random.default_rng(0)
    x = to_rows(rng.normal(size=(40_000, 64)).astype(np.float32))
    y = to_rows(np.ones(40_000, np.float32))
    trainer.start([x], [y], [None], 32)
    trainer.run(np.full(10, 1e-3), 10.0)
    expected = trainer.results()
    found = []

    def compute() -> None:
        found.append(trainer.gradients([x], [y], [None])[0])

    other = threading.Thread(target=compute)
    other.start()
    seen = [trainer.results()]
    while other.is_alive():
        seen.append(trainer.results())
    other.join()
    assert np.isfinite(found[0])
    assert all(results == expected for results in seen)


def test_few_rows_may_be_begun_while_gradients_are_computed() -> None:
    """Without waiting, and with the GIL, where nobody uses the trainer; else without it."""
    inputs = layers.Input((64,))
    hidden = layers.Dense(256, activation="tanh")(inputs)
    plan = graph.Plan([inputs], [layers.Dense(1)(hidden)])
    trainer = plan.trainer([("mean_squared_error", [])], ("sgd", []))
    many = to_rows(np.ones((40_000, 64), np.float32)), to_rows(np.ones(40_000, np.float32))
    few = to_rows(np.ones((50, 64), np.float32)), to_rows(np.ones(50, np.float32))
    found = []

    def compute() -> None:
        found.append(trainer.gradients([many[0]], [many[1]], [None])[0])

    other = threading.Thread(target=compute)
    other.start()
    order = np.arange(50)[::-1]
    trainer.start([few[0]], [few[1]], [None], 16, order)
    while other.is_alive():
        trainer.start([few[0]], [few[1]], [None], 16, order)
    assert trainer.run(np.full(4, 1e-6), 10.0) == 4
    assert trainer.last_batch()[0].tolist() == order[48:].tolist()
    other.join()
    assert np.isfinite(found[0])
