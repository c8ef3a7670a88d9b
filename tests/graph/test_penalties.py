"""Regularizers that a user wrote: which come to l1 and l2, and what is trained with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import _core, layers, ops, regularizers
from pynn._tensor import Mode
from pynn.graph import Plan, to_rows
from pynn.graph._interpreter import run_backward, run_forward
from pynn.graph._interpreting_trainer import InterpretingTrainer
from pynn.graph._penalties import native_penalty, recorded_penalty
from pynn.graph._walk import topological

SHAPE = (4, 3)
# name: regularizer, its l1 and its l2
NATIVE: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "the textbook's": (lambda w: ops.sum(ops.abs(0.01 * w)), 0.01, 0),
    "squares": (lambda w: 0.5 * ops.sum(ops.square(w)), 0, 0.5),
    "squares of a part": (lambda w: ops.sum(ops.square(w / 4)), 0, 1 / 16),
    "powers": (lambda w: ops.sum(w**2) + 0.1 * ops.sum(ops.abs(w) ** 1), 0.1, 1),
    "products": (lambda w: ops.sum(w * w * 3), 0, 3),
    "a mean": (lambda w: ops.mean(ops.abs(w)) - ops.mean(ops.square(w)), 1 / 12, -1 / 12),
    "by axes": (lambda w: ops.sum(ops.mean(ops.square(w), axis=0)), 0, 1 / 4),
    "signs": (lambda w: -ops.sum(-ops.abs(ops.abs(-2 * w))), 2, 0),
    "squared magnitudes": (lambda w: ops.sum(ops.square(3 * ops.abs(w))), 0, 9),
    "entry by entry": (lambda w: 0.1 * ops.abs(w) + w * w, 0.1, 1),
    "transposed and flat": (lambda w: ops.sum(ops.reshape(ops.transpose(w * w), (-1,))), 0, 1),
    "that cancels": (lambda w: ops.sum(w + ops.abs(w)) - ops.sum(w), 1, 0),
    "from 0 on": (lambda w: 0 + ops.sum(ops.abs(w)), 1, 0),
    "nothing": (lambda w: ops.sum(w * 0), 0, 0),
    "pynn's": (regularizers.L1L2(0.2, 0.3), 0.2, 0.3),
}
OTHER: dict[str, Callable[[Any], Any]] = {
    "a norm": lambda w: ops.sqrt(ops.sum(ops.square(w))),
    "groups": lambda w: ops.sum(ops.sqrt(ops.sum(ops.square(w), axis=0))),
    "cubes": lambda w: ops.sum(ops.abs(w) ** 3),
    "a sum of weights": ops.sum,
    "a square of a sum": lambda w: ops.square(ops.sum(w)),
    "a product of sums": lambda w: ops.sum(w) * ops.sum(w),
    "from 1 on": lambda w: 1 + ops.sum(ops.abs(w)),
    "distance": lambda w: ops.sum(ops.square(w - 1)),
    "one factor each": lambda w: ops.sum(np.ones(3) * ops.abs(w)),
    "columns beside entries": lambda w: ops.sum(ops.abs(w) + ops.sum(ops.abs(w), axis=0)),
    "one side": lambda w: ops.sum(ops.maximum(w, 0.0)),
    "a product of entries": lambda w: ops.sum(ops.matmul(ops.transpose(w), w)),
    "orthogonal": regularizers.OrthogonalRegularizer(0.1),
}


class Named(regularizers.Regularizer):
    """Its strength is called as `L2` calls its own, and means something else."""

    def __init__(self, l2: float) -> None:
        self.l2 = l2

    def __call__(self, x: Any) -> Any:
        return self.l2 * ops.sqrt(ops.sum(ops.square(x)))


def weight_with(regularizer: Any) -> ops.Weight:
    value = np.random.default_rng(0).standard_normal(SHAPE)
    return ops.Weight(value, "kernel", True, regularizer)


@pytest.mark.parametrize("name", NATIVE)
def test_what_comes_to_two_numbers(name: str) -> None:
    regularizer, l1, l2 = NATIVE[name]
    weight = weight_with(regularizer)
    assert native_penalty(weight) == pytest.approx((l1, l2), rel=1e-12)
    value = weight.numpy()
    by_numbers = l1 * np.abs(value).sum() + l2 * np.square(value).sum()
    assert float(np.sum(regularizer(value))) == pytest.approx(by_numbers, rel=1e-12)
    result = recorded_penalty(weight)
    nodes, values, mode = topological([result], []), {}, Mode(training=True)
    run_forward(nodes, values, mode)
    grads = {id(result): np.ones(())}
    run_backward(nodes, values, grads, mode, {id(weight)})
    slope = l1 * np.sign(value) + 2 * l2 * value
    np.testing.assert_allclose(grads.get(id(weight), np.zeros(SHAPE)), slope, rtol=1e-12)


@pytest.mark.parametrize("name", OTHER)
def test_what_does_not(name: str) -> None:
    assert native_penalty(weight_with(OTHER[name])) is None


def test_names_of_attributes_mean_nothing() -> None:
    assert native_penalty(weight_with(Named(0.5))) is None
    assert native_penalty(weight_with(lambda w: [])) is None
    assert native_penalty(weight_with(lambda w: 1 / 0)) is None


def test_what_is_no_tensor_is_refused() -> None:
    inputs = layers.Input((4,))
    plan = Plan([inputs], [layers.Dense(3, kernel_regularizer=lambda w: 0.5)(inputs)])
    with pytest.raises(ValueError, match="kernel' must be computed with pynn.ops. .* type"):
        plan.trainer([("mean_squared_error", [])], ("sgd", []))


@pytest.mark.parametrize("regularizer", [*[NATIVE[n][0] for n in NATIVE], Named(0.5)])
def test_trainers_agree(regularizer: Any) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((70, 4)), rng.standard_normal((70, 3))
    inputs = layers.Input((4,), dtype="float64")
    outputs = layers.Dense(3, dtype="float64", kernel_regularizer=regularizer)(inputs)
    plan = Plan([inputs], [outputs])
    made = [plan.trainer([("mean_squared_error", [])], ("sgd", [])) for _ in range(2)]
    assert isinstance(made[0], InterpretingTrainer if type(regularizer) is Named else _core.Trainer)
    value = plan.weights[0].numpy()
    error = np.square(x @ value + plan.weights[1].numpy() - y).mean()
    if isinstance(made[0], _core.Trainer):
        loss, grads = made[0].gradients([to_rows(x)], [to_rows(y)], [None])
    else:
        loss, grads = made[0].gradients([x], [y], [None])
    assert loss == pytest.approx(error + float(np.sum(regularizer(value))), rel=1e-12)
    step = 1e-6
    for place in ((0, 0), (3, 2)):
        moved = value.copy()
        found = []
        for sign in (1, -1):
            moved[place] = value[place] + sign * step
            error = np.square(x @ moved + plan.weights[1].numpy() - y).mean()
            found.append(error + float(np.sum(regularizer(moved))))
        slope = (found[0] - found[1]) / (2 * step)
        assert grads[0].T[place] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_a_model_with_the_textbooks_regularizer_runs_natively() -> None:
    def my_l1(weights: Any) -> Any:
        return ops.sum(ops.abs(0.01 * weights))

    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((200, 6)).astype("float32"), rng.standard_normal(200)
    found = []
    for regularizer in (my_l1, regularizers.L1(0.01)):
        pynn.utils.set_random_seed(1)
        model = pynn.Sequential(
            [layers.Dense(8, kernel_regularizer=regularizer, input_shape=(6,)), layers.Dense(1)]
        )
        model.compile(loss="mse", optimizer="adam")
        history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
        assert isinstance(model._trainers._trainer, _core.Trainer)
        found.append((history, model.get_weights()))
    assert found[0][0] == found[1][0]
    for a, b in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(a, b)


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: pynn.optimizers.SGD(0.05),
    "momentum": lambda: pynn.optimizers.SGD(0.05, momentum=0.9),
    "adam": lambda: pynn.optimizers.Adam(0.05),
    "clipnorm": lambda: pynn.optimizers.SGD(0.05, clipnorm=0.05),
    "global_clipnorm": lambda: pynn.optimizers.SGD(0.05, global_clipnorm=0.3),
    "clipvalue": lambda: pynn.optimizers.SGD(0.05, clipvalue=0.01),
}


@pytest.mark.parametrize("other", ["mse", Named(0.0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_that_no_loss_reaches_have_penalties(name: str, dtype: str, other: Any) -> None:
    """They are trained as with a loss whose weight is 0."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((24, 5)).astype(dtype), rng.standard_normal((24, 1))
    found = []
    for losses, factors in ((["mse", None], None), (["mse", "mse"], [1.0, 0.0])):
        pynn.utils.set_random_seed(1)
        inputs = layers.Input((5,), dtype=dtype)
        hidden = layers.Dense(4, "tanh", dtype=dtype)(inputs)
        first = layers.Dense(1, dtype=dtype, kernel_regularizer=None if other == "mse" else other)
        second = layers.Dense(
            3, dtype=dtype, kernel_regularizer=regularizers.L1L2(0.02, 0.1), bias_regularizer="l1"
        )
        model = pynn.Model(inputs, [first(hidden), second(hidden)])
        second.set_weights([second.get_weights()[0], np.full(3, 0.5, dtype)])
        model.compile(OPTIMIZERS[name](), losses, loss_weights=factors)
        before = second.get_weights()
        history = model.fit(x, [y, np.zeros((24, 3))], epochs=3, batch_size=8, verbose=0).history
        trainer = _core.Trainer if other == "mse" else InterpretingTrainer
        assert isinstance(model._trainers._trainer, trainer)
        assert all((a != b).all() for a, b in zip(before, second.get_weights(), strict=True))
        found.append((history["loss"], model.get_weights()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5)
    for a, b in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
