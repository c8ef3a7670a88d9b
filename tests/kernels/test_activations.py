"""The activation kernels against plain NumPy, and their gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core
from reference import activations as reference
from reference.tolerances import AWKWARD_SIZES, FORMULA_UNITS, assert_close

NAMES = _core.activation_names()
# Kinks of some, where the side is certain. At 3 it is not: hard_sigmoid's x / 6 + 1 / 2 is rounded.
EXACT_KINKS = (0.0, 6.0, 0.75)


def alpha_of(name: str) -> float:
    """Not the default, so that a kernel that ignores alpha is found."""
    return 0.75 * _core.activation_default(name)


def inputs(n: int, dtype: str) -> np.ndarray:
    """Values of every size, kinks among them."""
    rng = np.random.default_rng(n)
    x = rng.normal(0, 3, n)
    x[: len(EXACT_KINKS)] = EXACT_KINKS[:n]
    return x.astype(dtype)


def test_every_activation_has_a_reference() -> None:
    assert set(NAMES) == set(reference.ACTIVATIONS)


@pytest.mark.parametrize("name", NAMES)
def test_forward(isa: str, name: str, dtype: str) -> None:
    alpha = alpha_of(name)
    for n in AWKWARD_SIZES:
        x = inputs(n, dtype)
        want = reference.ACTIVATIONS[name][0](x.astype(np.float64), alpha)
        got = _core.apply_activation(name, alpha, x)
        assert got.dtype == dtype
        assert_close(got, want, units=FORMULA_UNITS, magnitude=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_backward(isa: str, name: str, dtype: str) -> None:
    alpha = alpha_of(name)
    for n in AWKWARD_SIZES:
        x = inputs(n, dtype)
        grad_y = np.random.default_rng(1).normal(size=n).astype(dtype)
        slope = reference.ACTIVATIONS[name][1](x.astype(np.float64), alpha)
        got = _core.activation_gradient(name, alpha, x, grad_y)
        assert_close(got, grad_y * slope, units=FORMULA_UNITS, magnitude=1)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_the_slope(isa: str, name: str) -> None:
    alpha = alpha_of(name)
    x = np.random.default_rng(0).normal(0, 3, 400)
    kinks = reference.DECLARED[name].kinks(alpha)
    x = x[np.abs(x[:, None] - np.array(kinks)).min(axis=1, initial=1) > 1e-3]
    step = 1e-5  # error of the central difference: step^2 and rounding / step, both near 1e-10
    upper = _core.apply_activation(name, alpha, x + step)
    lower = _core.apply_activation(name, alpha, x - step)
    slope = _core.activation_gradient(name, alpha, x, np.ones_like(x))
    np.testing.assert_allclose((upper - lower) / (2 * step), slope, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_large_values_and_nan(isa: str, name: str, dtype: str) -> None:
    x = np.array([80.0, -80.0, np.nan], dtype)
    got = _core.apply_activation(name, alpha_of(name), x)
    want = reference.ACTIVATIONS[name][0](x[:2].astype(np.float64), alpha_of(name))
    assert_close(got[:2], want, units=FORMULA_UNITS, magnitude=0.1)
    np.testing.assert_equal(got[2], reference.DECLARED[name].at_nan)


@pytest.mark.parametrize("name", NAMES)
def test_slopes_of_the_largest_values(isa: str, name: str, dtype: str) -> None:
    sides, alpha = np.array([1.0, -1.0], dtype), alpha_of(name)
    most = 0.9 * np.finfo(dtype).max
    slopes = [
        _core.activation_gradient(name, alpha, (size * sides).astype(dtype), np.ones_like(sides))
        for size in (1e3, most)
    ]
    # Of softsign the first one is 1e-6.
    np.testing.assert_allclose(slopes[1], slopes[0], atol=1e-5)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("features", [1, 3, 16, 17])
def test_row_activations(isa: str, name: str, features: int, dtype: str) -> None:
    # A logarithm's error is that of the largest |x|, which is near 20 here.
    magnitude = 20 if name == "log_softmax" else 1
    for rows in AWKWARD_SIZES:
        rng = np.random.default_rng(rows)
        x = rng.normal(0, 5, (rows, features)).astype(dtype)
        grad_y = rng.normal(size=x.shape).astype(dtype)
        wide, wide_grad = x.astype(np.float64), grad_y.astype(np.float64)
        got = _core.apply_activation(name, 0.0, x)
        assert_close(got, getattr(reference, name)(wide), units=4, magnitude=magnitude)
        got = _core.activation_gradient(name, 0.0, x, grad_y)
        want = getattr(reference, f"{name}_gradient")(wide, wide_grad)
        assert_close(got, want, units=2 * features + 32, magnitude=1)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_row_activations_survive_large_inputs(isa: str, name: str, dtype: str) -> None:
    x = np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0]], dtype)
    got = _core.apply_activation(name, 0.0, x)
    assert_close(got, getattr(reference, name)(x.astype(np.float64)), units=4)


def test_row_activations_work_over_the_last_axis(dtype: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(dtype)
    got = _core.apply_activation("softmax", 0.0, x)
    flat = _core.apply_activation("softmax", 0.0, x.reshape(-1, 4))
    np.testing.assert_array_equal(got.reshape(-1, 4), flat)


def test_any_shape_and_stride(dtype: str) -> None:
    x = np.random.default_rng(0).normal(size=(6, 7, 8)).astype(dtype)[::2, :, ::-3]
    got = _core.apply_activation("tanh", 0.0, x)
    assert got.shape == x.shape
    np.testing.assert_array_equal(got, _core.apply_activation("tanh", 0.0, x.copy()))
    assert _core.apply_activation("tanh", 0.0, np.array(0.5, dtype)).shape == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _core.apply_activation("reul", 0.0, np.ones(3)), "name must be one of linear,"),
        (lambda: _core.apply_activation("relu", 0.0, np.ones(3, int)), "dtype must be float32"),
        (
            lambda: _core.activation_gradient("relu", 0.0, np.ones(3), np.ones(4)),
            r"same shape\. Received: \(3,\) and \(4,\)",
        ),
        (
            lambda: _core.activation_gradient("relu", 0.0, np.ones(3), np.ones(3, "f4")),
            "grad_y must have the same dtype",
        ),
        (lambda: _core.apply_activation("softmax", 0.0, np.ones((3, 1, 0))), None),
    ],
)
def test_errors(call: object, message: str | None) -> None:
    if message is None:  # nothing to compute, nothing to complain about
        assert call().shape == (3, 1, 0)
        return
    with pytest.raises(ValueError, match=message):
        call()
