"""A trainer's gradients against the reference's, and against differences of its own loss."""

from __future__ import annotations

import numpy as np

from reference.trainer import Batch
from reference.twin import Training, rows

# What keys dropout's masks: anything but the numbers that a new trainer has.
SEED, ITERATIONS = 3, 4
# A few hundred roundings of terms near 1, in float64 and in float32's larger unit.
ALLOWED = {"float64": 1e-11, "float32": 5e-4}
# Central differences of a float64 loss: rounding 1e-16 / STEP, curvature STEP^2 times some hundred.
STEP = 3e-6
DIFFERENCE_ALLOWED = 1e-8


def native_gradients(training: Training, batch: Batch) -> tuple[float, list[np.ndarray]]:
    trainer = training.native()
    trainer.seed, trainer.iterations = SEED, ITERATIONS
    return trainer.gradients(rows(batch.x), rows(batch.y), rows(batch.weights))


def check_against_reference(training: Training, batch: Batch) -> None:
    reference = training.reference()
    reference.seed, reference.iterations = SEED, ITERATIONS
    loss, gradients = native_gradients(training, batch)
    want_loss, want = reference.gradients(batch)
    allowed = ALLOWED[training.twin.dtype]
    np.testing.assert_allclose(loss, want_loss, rtol=allowed, atol=allowed)
    scale = max([1.0, *(np.abs(g).max() for g in want)])
    for got, truth in zip(gradients, want, strict=True):
        np.testing.assert_allclose(got, truth, rtol=allowed, atol=allowed * scale)


def check_against_differences(training: Training, batch: Batch) -> None:
    """Along one random direction per parameter, and along one of its elements."""
    trainer = training.native()
    trainer.seed, trainer.iterations = SEED, ITERATIONS
    sources = [rows(arrays) for arrays in (batch.x, batch.y, batch.weights)]
    _, gradients = trainer.gradients(*sources)
    rng = np.random.default_rng(0)
    for weight, gradient in zip(training.weights, gradients, strict=True):
        view = weight.native.view
        start = view.copy()
        one = np.zeros_like(start)
        one.flat[rng.integers(one.size)] = 1
        for direction in (one, rng.normal(size=start.shape) / start.size**0.5):
            losses = []
            for sign in (1, -1):
                view[...] = start + sign * STEP * direction
                losses.append(trainer.gradients(*sources)[0])
            view[...] = start
            slope = (losses[0] - losses[1]) / (2 * STEP)
            allowed = DIFFERENCE_ALLOWED * max(1.0, abs(losses[0]), np.abs(gradient).max())
            want = (gradient * direction).sum()
            np.testing.assert_allclose(slope, want, rtol=0, atol=allowed)
