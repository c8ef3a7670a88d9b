"""Dropout: the share of zeros, and that masks are a function of seed, step, node and place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.random import dropout_mask
from reference.tolerances import DTYPES
from reference.twin import rows

FEATURES = 20


def masks(
    n_rows: int,
    seed: int = 0,
    step: int = 0,
    rates: tuple[float, ...] = (0.5,),
    dtype: str = "float64",
    features: int = FEATURES,
    batch_size: int | None = None,
) -> list[np.ndarray]:
    """What training makes of ones: the last batch's mask of each of some dropout nodes."""
    graph = _core.Graph(dtype)
    x = graph.add("input", [], [], {"features": features})
    outputs = [graph.add("dropout", [x], [], {"rate": rate}) for rate in rates]
    trainer = trainer_of(graph, x, outputs)
    trainer.seed, trainer.iterations = seed, step
    ones = rows([np.ones((n_rows, features), dtype)])
    trainer.start(ones, [None] * len(outputs), [None] * len(outputs), batch_size or n_rows)
    while trainer.run(np.zeros(1), 1e9):
        pass
    return trainer.last_batch()[1]


def trainer_of(graph: Any, x: int, outputs: list[int]) -> Any:
    n = len(outputs)
    return _core.Trainer(
        graph, [x], outputs, [None] * n, [1.0] * n, [[]] * n, [], [], [], ("sgd", [])
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_statistics(rate: float, dtype: str) -> None:
    n_rows = 5000
    (mask,) = masks(n_rows, rates=(rate,), dtype=dtype)
    kept = mask != 0
    np.testing.assert_allclose(mask[kept], 1 / (1 - rate), rtol=1e-4)
    deviation = np.sqrt(rate * (1 - rate))
    groups = kept.reshape(50, -1)  # of a hundred rows
    # Five and a half standard deviations of a mean of independent draws.
    for share, n in ((kept.mean(0), n_rows), (groups.mean(1), groups.shape[1])):
        assert (np.abs(share - (1 - rate)) <= 5.5 * deviation / np.sqrt(n)).all()


def test_neighbours_are_independent() -> None:
    (mask,) = masks(4000, rates=(0.5,))
    sign = np.where(mask != 0, 1.0, -1.0)
    for shift in ((1, 0), (0, 1), (1, 1), (32, 0), (16, 0)):
        agreement = (sign * np.roll(sign, shift, axis=(0, 1))).mean()
        assert abs(agreement) < 5 / np.sqrt(sign.size)


@pytest.mark.parametrize("dtype", DTYPES)
def test_masks_are_the_references(dtype: str) -> None:
    for n_rows, features in ((1, 1), (33, 7), (100, 17)):
        for seed, step in ((0, 0), (7, 3), (2**64 - 1, 2**40)):
            got = masks(n_rows, seed, step, (0.3, 0.8), dtype, features)
            for node, rate, mask in zip((1, 2), (0.3, 0.8), got, strict=True):
                want = dropout_mask(n_rows, features, rate, (seed, step, node), dtype)
                np.testing.assert_allclose(mask, want, rtol=1e-6)


def test_masks_depend_on_seed_step_and_node_only() -> None:
    first, second = masks(50, seed=1, step=2, rates=(0.5, 0.5))
    again = masks(50, seed=1, step=2, rates=(0.5, 0.5))
    np.testing.assert_array_equal(first, again[0])
    assert (first != second).any()
    assert (first != masks(50, seed=2, step=2)[0]).any()
    assert (first != masks(50, seed=1, step=3)[0]).any()
    # As the third of three steps of 50 rows as in a first step numbered 2; threads do not matter.
    np.testing.assert_array_equal(first, masks(150, seed=1, step=0, batch_size=50)[0])
    # A row's mask does not depend on how many rows come after it.
    np.testing.assert_array_equal(first[:40], masks(40, seed=1, step=2)[0])


def test_every_step_has_its_own_mask() -> None:
    seen = {masks(4, step=step)[0].tobytes() for step in range(50)}
    assert len(seen) == 50


@pytest.mark.parametrize("dtype", DTYPES)
def test_inference_is_the_identity(dtype: str) -> None:
    graph = _core.Graph(dtype)
    x = graph.add("input", [], [], {"features": 17})
    output = graph.add("dropout", [x], [], {"rate": 0.9})
    data = np.random.default_rng(0).normal(size=(100, 17)).astype(dtype)
    (got,) = _core.Executor(graph, [x], [output]).predict(rows([data]))
    np.testing.assert_array_equal(got, data)
