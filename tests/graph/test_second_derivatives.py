"""Tapes inside tapes, and gradients as parts of what is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, losses, ops, optimizers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3))
Y = X[:, :1] * 2 - 1
STEP = 1e-5  # central differences in float64: error STEP^2 times third derivatives


@pytest.fixture(autouse=True)
def _in_float64() -> Any:
    before = pynn.backend.floatx()
    pynn.backend.set_floatx("float64")
    yield
    pynn.backend.set_floatx(before)


def network(activation: str = "tanh", width: int = 6) -> pynn.Model:
    return pynn.Sequential(
        [pynn.Input((3,)), layers.Dense(width, activation=activation), layers.Dense(1)]
    )


def check_against_differences(
    value: Callable[[], float], weights: Sequence[Any], gradients: Sequence[Any]
) -> None:
    """Along one random direction for each weight."""
    for weight, gradient in zip(weights, gradients, strict=True):
        direction = np.random.default_rng(1).standard_normal(weight.shape)
        start = weight.numpy()
        sides = []
        for sign in (1, -1):
            weight.assign(start + sign * STEP * direction)
            sides.append(value())
        weight.assign(start)
        expected = (sides[0] - sides[1]) / (2 * STEP)
        found = 0.0 if gradient is None else float((np.asarray(gradient) * direction).sum())
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_an_array_is_watched_in_place() -> None:
    x = np.array([1.0, 2.0])
    with pynn.Tape() as tape:
        tape.watch(x)
        y = ops.power(x, 3)
    np.testing.assert_array_equal(tape.gradient(y, x), [3.0, 12.0])
    model, rows = network(), X[:4]
    with pynn.Tape() as tape:
        tape.watch([rows])
        y = model(rows)
    found = tape.gradient(y, [rows])[0]
    assert found.shape == rows.shape
    assert found.any()
    single = rows.astype("float32")
    with pynn.Tape() as tape:
        tape.watch(single)
        y = model(single)
    np.testing.assert_allclose(tape.gradient(y, single), found, rtol=1e-5)


def test_second_and_third_derivatives() -> None:
    x = np.array([0.3, -1.2])
    with pynn.Tape() as third, pynn.Tape() as second:
        third.watch(x)
        with pynn.Tape() as first:
            y = ops.sin(x) * x
        d1 = first.gradient(y, x)
        d2 = second.gradient(d1, x)
    np.testing.assert_allclose(d1, np.cos(x) * x + np.sin(x), rtol=1e-12)
    np.testing.assert_allclose(d2, 2 * np.cos(x) - np.sin(x) * x, rtol=1e-12)
    d3 = third.gradient(d2, x)
    np.testing.assert_allclose(d3, -3 * np.sin(x) - np.cos(x) * x, rtol=1e-12)
    assert isinstance(d3, np.ndarray)


def test_one_tape_asked_while_it_is_open() -> None:
    x = np.array([0.5, 2.0])
    with pynn.Tape(persistent=True) as tape:
        tape.watch(x)
        slope = tape.gradient(ops.exp(x) * x, x)
    np.testing.assert_allclose(tape.gradient(slope, x), np.exp(x) * (x + 2), rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "selu", "relu"])
def test_a_penalty_on_the_input_gradient(activation: str) -> None:
    model = network(activation)

    def penalty(twice: bool) -> Any:
        x = np.array(X)
        with pynn.Tape() as outer:
            with pynn.Tape() as inner:
                inner.watch(x)
                y = model(x, training=True)
            slope = inner.gradient(y, x)
            norm = ops.sqrt(ops.sum(ops.square(slope), axis=1) + 1e-9)
            loss = ops.mean(ops.square(norm - 1)) + losses.MeanSquaredError()(Y, y)
        return outer.gradient(loss, model.trainable_weights) if twice else float(loss)

    check_against_differences(lambda: penalty(False), model.trainable_weights, penalty(True))


def test_dropout_and_normalization_in_training() -> None:
    model = pynn.Sequential(
        [
            pynn.Input((3,)),
            layers.Dense(6, activation="tanh"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.LayerNormalization(),
            layers.Dense(1),
        ]
    )
    x = np.array(X)

    def penalty(twice: bool) -> Any:
        pynn.random.set_seed(5)
        with pynn.Tape() as outer:
            with pynn.Tape() as inner:
                inner.watch(x)
                y = model(x, training=True)
            loss = ops.mean(ops.square(inner.gradient(y, x)))
        return outer.gradient(loss, model.trainable_weights) if twice else float(loss)

    check_against_differences(lambda: penalty(False), model.trainable_weights, penalty(True))


def test_a_product_of_the_hessian_and_a_vector() -> None:
    model = network()
    weights = model.trainable_weights
    vectors = [RNG.standard_normal(weight.shape) for weight in weights]

    def gradients() -> list[Any]:
        with pynn.Tape() as tape:
            loss = losses.MeanSquaredError()(Y, model(X))
        return tape.gradient(loss, weights)

    with pynn.Tape() as outer:
        with pynn.Tape() as inner:
            loss = losses.MeanSquaredError()(Y, model(X))
        slopes = inner.gradient(loss, weights)
    found = outer.gradient(slopes, weights, output_gradients=vectors)
    sides = []
    starts = [weight.numpy() for weight in weights]
    for sign in (1, -1):
        for weight, start, vector in zip(weights, starts, vectors, strict=True):
            weight.assign(start + sign * STEP * vector)
        sides.append(gradients())
    for mine, up, down in zip(found, *sides, strict=True):
        np.testing.assert_allclose(mine, (up - down) / (2 * STEP), rtol=1e-6, atol=1e-8)


def test_jacobians() -> None:
    model = pynn.Sequential([pynn.Input((3,)), layers.Dense(2, activation="softmax")])
    x = np.array(X[:4])
    with pynn.Tape() as outer:
        with pynn.Tape() as inner:
            inner.watch(x)
            y = model(x)
        recorded = inner.jacobian(y, x)
    found = inner.jacobian(y, {"x": x, "w": model.layers[0].kernel})
    assert found["x"].shape == (4, 2, 4, 3)
    assert found["w"].shape == (4, 2, 3, 2)
    np.testing.assert_allclose(recorded, found["x"], rtol=1e-12)
    p = y.numpy()
    softmax = np.einsum("ni,ij->nij", p, np.eye(2)) - np.einsum("ni,nj->nij", p, p)
    expected = softmax @ model.layers[0].kernel.numpy().T
    for i in range(4):
        np.testing.assert_allclose(found["x"][i, :, i], expected[i], rtol=1e-10)
        found["x"][i, :, i] = 0
    assert not found["x"].any()
    other = layers.Dense(1)
    other.build((None, 3))
    assert inner.jacobian(y, [x, other.kernel])[1] is None
    assert outer.gradient(recorded, model.layers[0].kernel).any()


def test_what_is_stopped_has_no_gradient_of_its_own() -> None:
    x = np.array([1.0, 2.0])
    with pynn.Tape() as outer:
        outer.watch(x)
        with pynn.Tape() as inner:
            y = ops.square(x)
        slope = inner.gradient(y, x)
        total = ops.stop_gradient(slope) * x
    np.testing.assert_array_equal(outer.gradient(total, x), [2.0, 4.0])


def test_what_is_not_reached_is_none() -> None:
    x, other = np.ones(2), np.ones(2)
    with pynn.Tape() as outer:
        outer.watch([x, other])
        with pynn.Tape() as inner:
            y = ops.square(x)
        assert inner.gradient(y, other) is None
        slope = inner.gradient(y, [x, other])[0]
    assert outer.gradient(slope, other) is None
    with pytest.raises(ValueError, match=r"sources must be weights.*watch\(\).*ndarray"):
        outer.gradient(slope, np.ones(2))
    with pytest.raises(ValueError, match="target must be a tensor.*with pynn.ops.*ndarray"):
        outer.gradient(x * 2, x)


class SlopePenalty(layers.Layer):
    """Adds to the loss what keeps a network's slope near 1."""

    def __init__(self, inner: Any, **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner

    def call(self, inputs: Any) -> Any:
        with pynn.Tape() as tape:
            tape.watch(inputs)
            y = self.inner(inputs)
        slope = tape.gradient(y, inputs)
        self.add_loss(ops.mean(ops.square(ops.sum(ops.square(slope), axis=1) - 1)))
        return y


def penalized(activation: str) -> tuple[pynn.Model, Any]:
    inner = network(activation)
    inputs = pynn.Input((3,))
    model = pynn.Model(inputs, SlopePenalty(inner)(inputs))
    model.compile(optimizers.Adam(0.001), "mse")
    return model, inner


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "elu", "silu", "exponential"])
def test_a_tape_in_a_layer_is_trained_by_the_engine(activation: str) -> None:
    model, inner = penalized(activation)
    plan = model._plan(True)
    trainer = plan.trainer([("mean_squared_error", [])], ("sgd", []))
    assert isinstance(trainer, pynn._core.Trainer)
    data = pynn.training.ArrayData([X], [Y])
    value, gradients = trainer.gradients(data.x, data.y, data.weights)
    x = np.array(X)
    with pynn.Tape() as outer:
        with pynn.Tape() as tape:
            tape.watch(x)
            y = inner(x)
        slope = tape.gradient(y, x)
        loss = ops.mean(ops.square(ops.sum(ops.square(slope), axis=1) - 1))
        loss = loss + losses.MeanSquaredError()(Y, y)
    assert float(loss) == pytest.approx(value, rel=1e-9)
    for mine, native in zip(outer.gradient(loss, inner.trainable_weights), gradients, strict=True):
        np.testing.assert_allclose(mine.T.reshape(native.shape), native, rtol=1e-7, atol=1e-12)
    before = float(model.evaluate(X, Y, verbose=0))
    model.fit(X, Y, epochs=30, verbose=0)
    assert float(model.evaluate(X, Y, verbose=0)) < before


def test_a_tape_in_a_custom_loss_of_a_step() -> None:
    class Penalized(pynn.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with pynn.Tape() as outer:
                with pynn.Tape() as tape:
                    tape.watch(x)
                    y_pred = self(x, training=True)
                slope = tape.gradient(y_pred, x)
                penalty = ops.mean(ops.square(ops.norm(slope, axis=1) - 2.0))
                loss = self.compute_loss(x, y, y_pred) + penalty
            weights = self.trainable_variables
            self.optimizer.apply_gradients(zip(outer.gradient(loss, weights), weights, strict=True))
            return {"loss": loss, "penalty": penalty}

    inputs = pynn.Input((3,))
    hidden = layers.Dense(8, activation="tanh")(inputs)
    model = Penalized(inputs, layers.Dense(1)(hidden))
    model.compile(optimizers.Adam(0.02), "mse")
    history = model.fit(X, Y, epochs=60, verbose=0).history
    assert history["penalty"][-1] < 0.2 * history["penalty"][0]


def test_a_tape_in_a_layer_that_looks_at_values() -> None:
    class Looking(SlopePenalty):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) if float(ops.sum(inputs)) < 1e9 else inputs

    inner = network()

    class Around(pynn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.looking = Looking(inner)

        def call(self, inputs: Any) -> Any:
            return self.looking(inputs)

    model, other = Around(), network()
    model.build((None, 3))
    reference = pynn.Model(rows := pynn.Input((3,)), SlopePenalty(other)(rows))
    other.set_weights(inner.get_weights())
    for each in (model, reference):
        each.compile(optimizers.SGD(0.05), "mse")
        each.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    for mine, wanted in zip(inner.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-9, atol=1e-12)


class Differentiated(layers.Layer):
    """The gradient of some function of its inputs."""

    def __init__(self, function: Any) -> None:
        super().__init__(name="differentiated")
        self.function = function

    def build(self, input_shape: Any) -> None:
        self.gain = self.add_weight(shape=(3,), initializer="ones", name="gain")
        self.drop = layers.Dropout(0.5)

    def call(self, inputs: Any) -> Any:
        with pynn.Tape() as self.tape:
            self.tape.watch(inputs)
            self.target = self.function(self, inputs)
        return self.tape.gradient(self.target, inputs)


def test_the_gradient_of_a_mean_over_the_batch_in_a_model() -> None:
    inputs = pynn.Input((3,))
    layer = Differentiated(lambda layer, x: ops.mean(ops.square(x)))
    model = pynn.Model(inputs, layer(inputs))
    np.testing.assert_allclose(model.predict(X, verbose=0), 2 * X / X.size, rtol=1e-12)
    with pytest.raises(ops.SymbolicValueError, match="has no value"):  # outside of the call
        layer.tape.gradient(layer.target, inputs)


def test_a_weight_transposed_to_itself_in_a_model() -> None:
    inputs = pynn.Input((3,))
    kernel = ops.Weight(RNG.standard_normal((3, 2)), "kernel")

    def function(layer: Any, x: Any) -> Any:
        return ops.sum(ops.square(x @ ops.transpose(kernel, (0, 1))))

    model = pynn.Model(inputs, Differentiated(function)(inputs))
    expected = 2 * X @ kernel.numpy() @ kernel.numpy().T
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-12)


def _assigning(layer: Any, x: Any) -> Any:
    y = ops.sum(x * layer.gain)
    layer.gain.assign(layer.gain * 2.0)
    return y


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda layer, x: ops.sum(layer.drop(x, training=True)), "'dropout' in a pass that has"),
        (_assigning, "before an assignment in a pass that has values"),
    ],
)
def test_what_a_tape_in_a_model_cannot_differentiate(function: Any, message: str) -> None:
    with pytest.raises(ops.SymbolicValueError, match=message):
        Differentiated(function)(pynn.Input((3,)))
    with pynn.Tape():  # where there are values, it can
        found = Differentiated(function)(X)
    assert found.shape == X.shape
