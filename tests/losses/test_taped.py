"""On a tape, a loss of plain rows is one op of the engine's: it must be what its formula is."""

from __future__ import annotations

import numpy as np
import pytest

import pynn
from pynn import losses, ops

NAMES = sorted(
    name
    for name in losses.__all__
    if isinstance(getattr(losses, name), type)
    and issubclass(getattr(losses, name), losses.Loss)
    and name not in ("Loss", "LossFunctionWrapper")
)
FEW = {"SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"}  # labels


def _data(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((6, 4), dtype=np.float32)
    kernel = rng.random((4, 3), dtype=np.float32)
    if name in FEW:
        return x, kernel, rng.integers(0, 3, 6).astype(np.float32)
    if "Categorical" in name or "KL" in name:
        return x, kernel, np.eye(3, dtype=np.float32)[rng.integers(0, 3, 6)]
    if "Gamma" in name:
        return x, kernel, rng.random((6, 3), dtype=np.float32) + 0.5
    return x, kernel, rng.integers(0, 2, (6, 3)).astype(np.float32)


def _differentiated(loss, x, kernel, y):
    layer = pynn.layers.Dense(3, activation="softmax", use_bias=False)
    layer.build((None, 4))
    layer.kernel.assign(kernel)
    with pynn.Tape() as tape:
        found = loss(y, layer(x))
    return float(found.numpy()), np.asarray(tape.gradient(found, layer.kernel)), found.node.op.name


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
@pytest.mark.parametrize("name", NAMES)
def test_one_op_is_the_formula(name, reduction):
    loss = getattr(losses, name)(reduction=reduction)
    given = _data(name)
    value, gradient, op = _differentiated(loss, *given)
    known, known_gradient, known_op = _differentiated(loss._reduced, *given)
    assert known_op != "loss"
    assert (op == "loss") == (loss._native() is not None)
    assert value == pytest.approx(known, rel=2e-6, abs=1e-6)
    np.testing.assert_allclose(gradient, known_gradient, rtol=2e-5, atol=2e-6)


def test_a_loss_with_values_for_each_row_and_one_with_ignored_classes_go_through_their_formulas():
    x, kernel, y = _data("SparseCategoricalCrossentropy")
    loss = losses.SparseCategoricalCrossentropy(ignore_class=0)
    assert _differentiated(loss, x, kernel, y)[2] != "loss"
    layer = pynn.layers.Dense(1)
    with pynn.Tape():
        assert losses.MeanSquaredError(reduction="none")(x[:, :1], layer(x)).shape == (6,)


def test_a_loss_has_second_derivatives():
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(-1, 1)
    y = x * 2
    model = pynn.Sequential([pynn.Input((1,)), pynn.layers.Dense(1, use_bias=False)])
    model.layers[0].kernel.assign([[0.5]])
    (kernel,) = model.trainable_weights
    with pynn.Tape() as outer:
        with pynn.Tape() as inner:
            loss = losses.MeanSquaredError()(y, model(x))
        assert loss.node.op.name == "loss"
        slope = inner.gradient(loss, kernel)
        total = ops.sum(slope)
    np.testing.assert_allclose(slope.numpy(), [[2 * np.mean((0.5 * x - y) * x)]], rtol=1e-6)
    np.testing.assert_allclose(outer.gradient(total, kernel), [[2 * np.mean(x * x)]], rtol=1e-6)


def test_targets_that_do_not_fit_are_refused_as_without_a_tape():
    x, kernel, y = _data("MeanSquaredError")
    with pytest.raises(ValueError):
        losses.MeanSquaredError()(y[:, :2], kernel[:, :3])
    with pytest.raises(ValueError):
        _differentiated(losses.MeanSquaredError(), x, kernel, y[:, :2])
