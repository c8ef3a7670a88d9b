"""Batch normalization: statistics of the batch in training, moving averages, freezing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference.tolerances import DTYPES
from reference.twin import Training, Twin, rows

# Sums of up to 257 squares; float32 rounds each to 1e-7 of its size.
ALLOWED = {"float32": 2e-5, "float64": 1e-12}


def model(dtype: str, features: int, **params: float) -> tuple[Twin, Any, int]:
    twin = Twin(dtype)
    output = twin.batch_normalization(twin.input(features), **params)
    training = Training(twin, [output], [("mean_squared_error", [])])
    return twin, training.native(), output


def moving(twin: Twin) -> list[np.ndarray]:
    return [w.native.view[0] for w in twin.all_weights[:2]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99, 1.0])
def test_moving_averages(momentum: float, dtype: str) -> None:
    for features, batch_size in ((1, 1), (5, 32), (16, 33), (33, 100), (3, 257)):
        twin, trainer, _ = model(dtype, features, momentum=momentum)
        mean, variance = [m.astype(np.float64) for m in moving(twin)]
        x = (twin.rng.normal(3, 2, (2 * batch_size, features))).astype(dtype)
        trainer.start(rows([x]), rows([x]), [None], batch_size)
        for step in range(2):
            assert trainer.run(np.zeros(1), 1e9) == 1
            seen = x[step * batch_size : (step + 1) * batch_size].astype(np.float64)
            mean = momentum * mean + (1 - momentum) * seen.mean(axis=0)
            variance = momentum * variance + (1 - momentum) * seen.var(axis=0)
            for got, want in zip(moving(twin), (mean, variance), strict=True):
                np.testing.assert_allclose(got, want, rtol=ALLOWED[dtype], atol=ALLOWED[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_training_normalizes_the_batch(dtype: str) -> None:
    twin, trainer, _ = model(dtype, 7, scale=0, center=0, epsilon=1e-6)
    x = (twin.rng.normal(5, 3, (100, 7))).astype(dtype)
    trainer.start(rows([x]), rows([x]), [None], 100)
    trainer.run(np.zeros(1), 1e9)
    (got,) = trainer.last_batch()[1]
    allowed = 10 * ALLOWED[dtype]
    np.testing.assert_allclose(got.mean(axis=0), 0, atol=allowed)
    np.testing.assert_allclose(got.std(axis=0), 1, atol=1e-6 + allowed)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_far_mean_does_not_cancel(dtype: str) -> None:
    """The variance is of the distances from the mean, not a difference of large squares."""
    twin, trainer, _ = model(dtype, 2, momentum=0.0)
    x = (1000 + twin.rng.normal(0, 0.1, (200, 2))).astype(dtype)
    trainer.start(rows([x]), rows([x]), [None], 200)
    trainer.run(np.zeros(1), 1e9)
    # The mean is off by a rounding of 1000, 6e-5 in float32, whose square is nothing beside 0.01.
    np.testing.assert_allclose(moving(twin)[1], x.astype(np.float64).var(axis=0), rtol=1e-3)


def test_the_last_short_batch_has_its_own_statistics() -> None:
    """Rows of the batch before it, still in the buffers, count for nothing."""
    twin, trainer, _ = model("float64", 4, momentum=0.0)
    x = twin.rng.normal(size=(37, 4))
    x[:32] += 1000
    trainer.start(rows([x]), rows([x]), [None], 32)
    trainer.run(np.zeros(2), 1e9)
    np.testing.assert_allclose(moving(twin)[0], x[32:].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moving(twin)[1], x[32:].var(axis=0), rtol=1e-12)


@pytest.mark.parametrize("frozen", [0, 1])
def test_frozen(frozen: int) -> None:
    twin, trainer, output = model("float64", 6, frozen=frozen)
    before = [m.copy() for m in moving(twin)]
    (x,) = twin.data(50)
    (inference,) = twin.predict([output], [x])
    trainer.start(rows([x]), rows([x]), [None], 50)
    trainer.run(np.zeros(1), 1e9)
    (training,) = trainer.last_batch()[1]
    changed = [(a != b).any() for a, b in zip(before, moving(twin), strict=True)]
    if frozen:
        np.testing.assert_array_equal(training, inference)
        assert not any(changed)
    else:
        assert all(changed) and (training != inference).all()


def test_evaluation_and_prediction_do_not_move_averages() -> None:
    twin, trainer, output = model("float64", 6)
    before = [m.copy() for m in moving(twin)]
    (x,) = twin.data(50)
    trainer.evaluate(rows([x]), rows([x]), [None])
    trainer.gradients(rows([x]), rows([x]), [None])
    twin.predict([output], [x])
    for a, b in zip(before, moving(twin), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradients_of_many_rows_are_of_one_batch() -> None:
    """Statistics are those of all rows, however many the engine takes at once."""
    twin = Twin()
    x = twin.dense(twin.input(3), 4)
    output = twin.dense(twin.batch_normalization(x), 2)
    training = Training(twin, [output], [("mean_squared_error", [])])
    trainer = training.native()
    (data,) = twin.data(1500)
    y = twin.rng.normal(size=(1500, 2))
    for n_rows in (700, 1500, 40):  # growing and shrinking
        some = (rows([data[:n_rows]]), rows([y[:n_rows]]), [None])
        loss, gradients = trainer.gradients(*some)
        trainer.start(*some, n_rows)
        before = [w.native.view.copy() for w in twin.weights]
        trainer.run(np.ones(1), 1e9)  # one step of size 1 is the gradient itself
        assert trainer.results()["loss"][0] / n_rows == pytest.approx(loss, rel=1e-12)
        for weight, old, gradient in zip(twin.weights, before, gradients, strict=True):
            np.testing.assert_allclose(old - weight.native.view, gradient, rtol=1e-9, atol=1e-12)
            weight.native.view[...] = old
