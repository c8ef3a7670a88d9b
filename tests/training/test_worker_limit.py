"""The limit of workers may change between any two calls, and so may the size of the batches."""

from __future__ import annotations

import numpy as np

import pynn
from pynn import layers


def test_a_lower_limit_holds_at_once() -> None:
    """What was fast with four workers is no longer to be chosen when there are two."""
    pynn.utils.set_random_seed(0)
    model = pynn.Sequential(
        [pynn.Input((256,)), layers.Dense(256, activation="relu"), layers.Dense(10)]
    )
    model.compile("sgd", "mse")
    x, y = np.ones((8192, 256), np.float32), np.zeros((8192, 10), np.float32)

    def fit(threads: int, size: int, steps: int, epochs: int = 1) -> None:
        pynn.set_num_threads(threads)
        rows = slice(size * steps)
        model.fit(x[rows], y[rows], batch_size=size, epochs=epochs, verbose=0, shuffle=False)

    for _ in range(3):
        fit(2, 8192, 1, 12)  # usual times of one and of two workers, for long steps
        fit(4, 100, 1)  # a short step with four
        fit(2, 90, 1)
        fit(4, 64, 2)
        fit(3, 60, 2)
    assert np.isfinite(model.evaluate(x, y, verbose=0))
