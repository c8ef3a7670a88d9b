"""Kernels that add to what stands there already, and plain arithmetic, against NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pynn import _core, _core_testing
from reference.activations import (
    ACTIVATIONS,
    log_softmax,
    log_softmax_gradient,
    softmax,
    softmax_gradient,
)
from reference.loss_samples import samples
from reference.losses import LOSSES, defaults
from reference.random import random_bits
from reference.tolerances import AWKWARD_SIZES, FORMULA_UNITS, assert_close

ROWS = AWKWARD_SIZES[1:]


def normal(seed: int, rows: int, features: int, dtype: str) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, features)).astype(dtype)


@pytest.mark.parametrize("name", _core.activation_names())
def test_activation_gradients_are_added(isa: str, name: str, dtype: str) -> None:
    for rows in (1, 17):
        x, grad_y, start = (normal(seed, rows, 19, dtype) for seed in range(3))
        slope = ACTIVATIONS[name][1](x.astype(np.float64), 0.3)
        got = _core_testing.accumulated_activation(name, 0.3, x, grad_y, start)
        assert_close(got, start + grad_y * slope, units=FORMULA_UNITS, magnitude=4)


@pytest.mark.parametrize("logarithm", [False, True])
def test_softmax_gradients_are_added(isa: str, logarithm: bool, dtype: str) -> None:
    for rows in ROWS:
        x, grad_y, start = (normal(seed, rows, 7, dtype) for seed in range(3))
        wide = x.astype(np.float64)
        y = (log_softmax if logarithm else softmax)(wide).astype(dtype)
        gradient = (log_softmax_gradient if logarithm else softmax_gradient)(wide, grad_y)
        got = _core_testing.accumulated_softmax(logarithm, y, grad_y, start)
        assert_close(got, start + gradient, units=FORMULA_UNITS, magnitude=4)


@pytest.mark.parametrize("name", _core.loss_names())
def test_loss_gradients_are_scaled_and_added(isa: str, name: str, dtype: str) -> None:
    for rows in ROWS:
        y_true, y_pred = samples(name, rows, 5, dtype)
        scale, start = normal(1, rows, 1, dtype), normal(2, rows, 5, dtype)
        gradient = LOSSES[name][1](
            y_true.astype(np.float64), y_pred.astype(np.float64), *defaults(name)
        )
        got = _core_testing.accumulated_loss(
            name, defaults(name), y_true, y_pred, scale[:, 0], start
        )
        magnitude = 4 * np.abs(gradient).max(axis=1, keepdims=True, initial=1)
        assert_close(got, start + scale * gradient, units=FORMULA_UNITS, magnitude=magnitude)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("add", lambda a, b, y: a + b),
        ("subtract", lambda a, b, y: a - b),
        ("multiply", lambda a, b, y: a * b),
        ("multiply_add", lambda a, b, y: y + a * b),
        ("select_larger", lambda a, b, y: np.maximum(a, b)),
        ("select_smaller", lambda a, b, y: np.minimum(a, b)),
    ],
)
def test_arithmetic(isa: str, name: str, function: Callable[..., np.ndarray], dtype: str) -> None:
    a, b, y = (normal(seed, 3, 33, dtype) for seed in range(3))
    a[0, :2], b[0, 1:3] = np.nan, np.nan
    want = function(*(array.astype(np.float64) for array in (a, b, y)))
    assert_close(_core_testing.arithmetic(name, a, b, y), want, units=2, magnitude=10)


def test_scale_add(isa: str, dtype: str) -> None:
    x, y = normal(0, 3, 33, dtype), normal(1, 3, 33, dtype)
    want = y.astype(np.float64) + 0.5 * x.astype(np.float64)
    assert_close(_core_testing.scale_add(x, 0.5, y), want, units=2, magnitude=10)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_dropout(isa: str, rate: float, dtype: str, accumulate: bool) -> None:
    n = 20000
    x, start = normal(0, 1, n, dtype)[0], normal(1, 1, n, dtype)[0]

    def made(key: int, first: int) -> np.ndarray:
        return _core_testing.dropout(x, rate, 1.5, key, first, start, accumulate)

    dropped_below = min(int(rate * 2**32), 2**32 - 1)
    for first in (50, 82):
        dropped = random_bits(1234, np.arange(first, first + n)) >> np.uint64(32) < dropped_below
        want = np.where(dropped, 0, x * np.asarray(1.5, dtype)) + accumulate * start
        np.testing.assert_array_equal(made(1234, first), want)
        # Four standard deviations of the mean of 20000 draws.
        share = (made(1234, first) == accumulate * start).mean()
        assert abs(share - rate) < 4 * np.sqrt(rate * (1 - rate) / n) + 1e-9
    if 0 < rate < 0.99:
        assert (made(1235, 82) != want).any()
        assert (made(1234, 84) != want).any()
