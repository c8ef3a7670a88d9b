"""Sums across the batch, batch normalization and the kernels of metrics against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core_testing
from reference.tolerances import AWKWARD_SIZES, assert_close

BATCHES = AWKWARD_SIZES[1:]
EPSILON = 1e-3


@pytest.mark.parametrize("rows", BATCHES)
@pytest.mark.parametrize("features", [1, 7, 16, 35])
def test_moments(isa: str, rows: int, features: int, dtype: str) -> None:
    x = np.random.default_rng(rows).normal(3, 1, (rows, features)).astype(dtype)
    got = _core_testing.batch_statistics(x, EPSILON)
    wide = x.astype(np.float64)
    assert_close(got["sums"], wide.sum(axis=0), units=rows)
    np.testing.assert_array_equal(got["sums_by_blocks"], got["sums"])
    assert_close(got["mean"], wide.mean(axis=0), units=8)
    # The mean is near 3 and rounded, so the deviations have an error of a few units of 3.
    assert_close(got["variance"], wide.var(axis=0), units=32)
    want = 1 / np.sqrt(wide.var(axis=0) + EPSILON)
    assert_close(got["inverse_deviation"], want, units=32, magnitude=want**3)


@pytest.mark.parametrize("rows", BATCHES)
@pytest.mark.parametrize("constants", [False, True])
def test_batch_normalization(isa: str, rows: int, constants: bool, dtype: str) -> None:
    rng = np.random.default_rng(rows)
    x, grad_y = rng.normal(size=(2, rows, 19))
    gamma, beta = rng.normal(size=(2, 19))
    arguments = [a.astype(dtype) for a in (x, gamma, beta, grad_y)]
    got = _core_testing.batch_normalization(*arguments, EPSILON, constants)
    x, gamma, beta, grad_y = (a.astype(np.float64) for a in arguments)
    inverse = 1 / np.sqrt(x.var(axis=0) + EPSILON)
    u = (x - x.mean(axis=0)) * inverse
    grad_gamma, grad_beta = (grad_y * u).sum(axis=0), grad_y.sum(axis=0)
    grad_x = grad_y if constants else grad_y - (grad_beta + u * grad_gamma) / rows
    want = [gamma * u + beta, gamma * inverse * grad_x, grad_gamma, grad_beta]
    for mine, theirs in zip(got, want, strict=True):
        # One row has variance 0: 1 / sqrt(epsilon) = 32 times the rounding error of its mean.
        assert_close(mine, theirs, units=32 + 2 * rows, magnitude=32)


@pytest.mark.parametrize("rows", BATCHES)
def test_argmax_is_numpys(isa: str, rows: int, dtype: str) -> None:
    x = np.random.default_rng(rows).integers(0, 4, (rows, 9)).astype(dtype)  # many ties
    x[rows // 2, 3] = np.nan
    x[rows // 2, 5] = np.nan
    x[0, 0] = np.nan
    np.testing.assert_array_equal(_core_testing.argmax(x), np.argmax(x, axis=1))


@pytest.mark.parametrize("rows", BATCHES)
def test_threshold_hits(isa: str, rows: int, dtype: str) -> None:
    rng = np.random.default_rng(rows)
    prediction = rng.choice([0.2, 0.5, 0.7], (rows, 5)).astype(dtype)
    target = rng.choice([0.0, 1.0], (rows, 5)).astype(dtype)
    want = ((prediction > 0.5) == target).mean(axis=1)
    np.testing.assert_allclose(
        _core_testing.threshold_hits(target, prediction, 0.5), want, rtol=1e-6
    )


@pytest.mark.parametrize("n", AWKWARD_SIZES)
def test_norms_of_a_row(isa: str, n: int, dtype: str) -> None:
    x = np.random.default_rng(n).normal(size=n).astype(dtype)
    squares, magnitudes = _core_testing.row_norms(x)
    allowed = n * float(np.finfo(dtype).eps)
    wide = x.astype(np.float64)
    assert squares == pytest.approx((wide**2).sum(), rel=allowed, abs=0)
    assert magnitudes == pytest.approx(np.abs(wide).sum(), rel=allowed, abs=0)
