"""Every instruction set with FMA gives the same bits; the scalar one gives nearly the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pynn import _core, _core_testing

FMA_ISAS = [isa for isa in _core.available_isas() if isa != "scalar"]
Arrays = list[np.ndarray]


def random(*shape: int, dtype: str, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def activations(dtype: str) -> Arrays:
    x, grad = random(101, dtype=dtype), random(101, dtype=dtype, seed=1)
    names = _core.activation_names()
    results = [_core.apply_activation(name, 0.3, x) for name in names]
    results += [_core.activation_gradient(name, 0.3, x, grad) for name in names]
    rows, grad = random(33, 7, dtype=dtype), random(33, 7, dtype=dtype, seed=1)
    for name in ("softmax", "log_softmax"):
        results += [_core.apply_activation(name, 0.0, rows)]
        results += [_core.activation_gradient(name, 0.0, rows, grad)]
    return results


def activations_of_large_numbers(dtype: str) -> Arrays:
    x = np.concatenate([random(1000, dtype=dtype) * 20, np.array([0, np.inf, -np.inf], dtype)])
    return [_core.apply_activation(name, 0.3, x) for name in _core.activation_names()]


def losses(dtype: str) -> Arrays:
    results = []
    y_pred = np.abs(random(50, 5, dtype=dtype)) / 8 + np.asarray(0.01, dtype)
    y_true = (random(50, 5, dtype=dtype, seed=1) > 0).astype(dtype)
    labels = np.arange(50, dtype=dtype)[:, None] % 5
    for name in _core.loss_names():
        params = [default for _, default in _core.loss_parameters(name)]
        target = labels if name.startswith("sparse_") else y_true
        results += [_core.loss_values(name, params, target, y_pred)]
        results += [_core.loss_gradient(name, params, target, y_pred)]
    return results


def optimizers(dtype: str) -> Arrays:
    results = []
    for name in _core.optimizer_names():
        hyper = [0.5] * len(_core.optimizer_parameters(name))
        w = random(100, dtype=dtype)
        state = [np.zeros_like(w) for _ in range(_core.optimizer_slots(name))]
        if state:
            state[0][:] = _core.optimizer_initial(name, hyper)
        for step in range(1, 4):
            grad = random(100, dtype=dtype, seed=step)
            _core.optimizer_steps(name, hyper, 0.1, step, [w], [state], [grad], {})
        results += [w, *state]
    return results


def products(dtype: str) -> Arrays:
    results = []
    for batch, fan_in, fan_out in [(5, 3, 2), (33, 17, 19), (70, 130, 61), (300, 1050, 10)]:
        x, w = random(batch, fan_in, dtype=dtype), random(fan_out, fan_in, dtype=dtype, seed=1)
        bias, grad = random(fan_out, dtype=dtype), random(batch, fan_out, dtype=dtype, seed=2)
        results += [
            _core_testing.dense_forward(x, w, bias),
            _core_testing.dense_grad_input(grad, w, x),
            _core_testing.dense_grad_weights(x, grad),
            _core_testing.dense_forward(x[:1], w, bias),
            _core_testing.dense_grad_input(grad[:1], w, x[:1]),
        ]
        for name in _core.optimizer_names():
            hyper = [0.5] * len(_core.optimizer_parameters(name))
            results += _core_testing.dense_step(x, grad, w, name, hyper, 0.1)
            results += _core_testing.dense_step(
                x, grad, w, name, hyper, 0.1, [0.1, 0.2, 0.9, 0.5, 1.5]
            )
    return results


def gradients_of_small_batches(dtype: str) -> Arrays:
    """Along the lines of weights in in_out layout: partial sums, whatever the width of vectors."""
    results = []
    for n_rows in range(1, 9):
        for outputs, inputs in [(16 * n_rows, 5), (300, 49), (1050, 20), (2200, 130)]:
            grad = random(n_rows, outputs, dtype=dtype)
            w, x = random(inputs, outputs, dtype=dtype, seed=1), random(n_rows, inputs, dtype=dtype)
            results.append(_core_testing.dense_grad_input(grad, w, x, x, in_out=True))
    return results


def reductions(dtype: str) -> Arrays:
    results = []
    for rows in (1, 15, 31, 32, 47, 100):
        x, grad = random(rows, 19, dtype=dtype), random(rows, 19, dtype=dtype, seed=1)
        gamma = random(19, dtype=dtype)
        statistics = _core_testing.batch_statistics(x, 1e-3)
        results += list(statistics.values())
        for constants in (False, True):
            results += _core_testing.batch_normalization(x, gamma, gamma, grad, 1e-3, constants)
        results += [
            _core_testing.argmax(x),
            _core_testing.threshold_hits(np.round(np.abs(grad)), x, 0.5),
        ]
        results += [np.array(_core_testing.row_norms(x), dtype)]
    return results


def perceptrons(dtype: str) -> Arrays:
    results = []
    for features in (3, 16, 37):
        x = random(60, features, dtype=dtype)
        targets = np.sign(x[:, 0] + x[:, 1]).astype(dtype)
        for linear in (False, True):
            w, b, applied = np.zeros(features, dtype), np.zeros(1, dtype), np.zeros(features, dtype)
            _core.perceptron_epoch(
                x, np.arange(60), targets, w, b, rate=0.01, linear_unit=linear, l1=0.01, l2=0.02,
                l1_applied=applied,
            )  # fmt: skip
            results += [w, b, applied]
    return results


TOPICS = (
    activations,
    activations_of_large_numbers,
    losses,
    optimizers,
    products,
    gradients_of_small_batches,
    reductions,
    perceptrons,
)


def run_on(isa: str, topic: Callable[[str], Arrays], dtype: str) -> Arrays:
    _core._set_isa(isa)
    return topic(dtype)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.__name__)
def test_fma_isas_agree_to_the_last_bit(topic: Callable[[str], Arrays], dtype: str) -> None:
    first, *others = [run_on(isa, topic, dtype) for isa in FMA_ISAS]
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.__name__)
def test_scalar_is_near(topic: Callable[[str], Arrays], dtype: str) -> None:
    # A hundred roundings of terms of size 10: sums of 130 products, optimizers after three steps.
    allowed = 1000 * float(np.finfo(dtype).eps)
    for isa in FMA_ISAS:
        for a, b in zip(run_on("scalar", topic, dtype), run_on(isa, topic, dtype), strict=True):
            np.testing.assert_allclose(a, b, rtol=allowed, atol=allowed)
