"""`Tape`: what training loops of one's own are written with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, losses, ops, optimizers
from pynn.training import ArrayData

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 5)).astype("float32")
Y = (X[:, :1] * 2 - 1).astype("float32")
# Sums in another order: a few units in the last place of float32, of values around 1.
SAME = {"rtol": 1e-4, "atol": 1e-6}


def test_gradients_are_the_engines() -> None:
    model = pynn.Sequential([pynn.Input((5,)), layers.Dense(8, activation="tanh"), layers.Dense(1)])
    trainer = model._plan().trainer([("mean_squared_error", [])], ("sgd", []))
    data = ArrayData([X], [Y])
    expected, slopes = trainer.gradients(data.x, data.y, data.weights)
    with pynn.Tape() as tape:
        loss = losses.MeanSquaredError()(Y, model(X))
    found = tape.gradient(loss, model.trainable_weights)
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    for mine, native in zip(found, slopes, strict=True):
        np.testing.assert_allclose(mine.T.reshape(native.shape), native, **SAME)


def test_a_loop_of_ones_own() -> None:
    pynn.utils.set_random_seed(1)
    model = pynn.Sequential(
        [
            pynn.Input((5,)),
            layers.Dense(8, activation="relu", kernel_regularizer=pynn.regularizers.L2(0.01)),
            layers.BatchNormalization(),
            layers.Dropout(0.1),
            layers.Dense(1),
        ]
    )
    optimizer = optimizers.Adam(0.05)
    mean = pynn.metrics.Mean()
    found = []
    for _ in range(40):
        with pynn.Tape() as tape:
            y_pred = model(X, training=True)
            main_loss = ops.mean(losses.mean_squared_error(Y, y_pred))
            loss = main_loss + model.losses[0]
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        mean(loss)
        found.append(loss.numpy())
    assert found[-1] < 0.2 * found[0]
    assert float(mean.result()) == pytest.approx(np.mean(found), rel=1e-5)
    assert model.layers[1].moving_mean.numpy().any()
    assert len(model.layers[0]._calls) == 1


def test_training_and_inference_differ() -> None:
    model = pynn.Sequential([pynn.Input((5,)), layers.BatchNormalization()])
    with pynn.Tape():
        trained, plain = model(X, training=True), model(X)
    np.testing.assert_allclose(trained.numpy().mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(plain.numpy(), X / np.sqrt(1.001), rtol=1e-4, atol=0.05)


class Small(pynn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(3)
        self.last = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.last(ops.tanh(self.hidden(inputs)))


def test_a_subclassed_model_is_built_on_the_way() -> None:
    model = Small()
    with pynn.Tape() as tape:
        loss = ops.mean(ops.square(model(X, training=True) - Y))
    slopes = tape.gradient(loss, {"first": model.hidden.kernel, "last": [model.last.bias]})
    assert slopes["first"].shape == (5, 3)
    assert slopes["last"][0].numpy().shape == (1,)
    np.testing.assert_allclose(model(X, training=True), model(X), rtol=1e-5, atol=1e-6)


def test_watched_arrays_and_what_does_not_matter() -> None:
    weight = layers.Dense(2)
    weight.build((None, 3))
    with pynn.Tape(persistent=True) as tape:
        x = tape.watch(np.array([1.0, 2.0]))
        y = ops.sum(x * x * 3)
    np.testing.assert_array_equal(tape.gradient(y, x), [6.0, 12.0])
    assert tape.gradient(y, [x, weight.kernel])[1] is None
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=2.0), [12.0, 24.0])
    assert pynn.Tape().gradient(y, x) is None  # which was not there


@pytest.mark.parametrize("given", [[1.0, 2.0], (1.0, np.float64(2.0)), np.array([1.0, 2.0])])
def test_what_is_watched_has_gradients_in_its_form(given: Any) -> None:
    with pynn.Tape() as tape:
        x = tape.watch(given)
        y = ops.power(x[0], 2) + ops.power(x[1], 3)
    found = tape.gradient(y, x)
    assert isinstance(found, tuple if isinstance(given, tuple) else np.ndarray)
    np.testing.assert_array_equal(found, [2.0, 12.0])


def test_a_number_is_watched() -> None:
    with pynn.Tape() as tape:
        x = tape.watch(np.float64(3.0))
        y = x * x
    assert tape.gradient(y, x) == 6.0


def test_values_outlive_the_tape() -> None:
    with pynn.Tape() as tape:
        y = ops.square(tape.watch(np.array([1.0, 2.0])))
    later = y * 2 + 1
    np.testing.assert_array_equal(later, [3.0, 9.0])


def test_errors() -> None:
    with pynn.Tape() as tape:
        x = tape.watch(np.ones(2))
        y = ops.sum(x)
    with pytest.raises(ValueError, match="target must be a tensor computed while.*float"):
        tape.gradient(3.0, x)
    with pytest.raises(ValueError, match="sources must be weights.*ndarray"):
        tape.gradient(y, np.ones(2))
    with pytest.raises(ValueError, match="target must be a tensor computed while.*float"):
        tape.jacobian(3.0, x)


def test_the_gradient_of_a_number_is_a_number() -> None:
    weight = ops.Weight(np.array(0.7), "temperature")
    optimizer = optimizers.SGD(0.5)
    with pynn.Tape() as tape:
        loss = ops.mean(ops.sigmoid(X) * ops.square(weight)) + ops.relu(weight)
    (gradient,) = tape.gradient(loss, [weight])
    assert gradient.shape == ()
    expected = 2 * 0.7 * (1 / (1 + np.exp(-X.astype("float64")))).mean() + 1
    assert gradient == pytest.approx(expected, rel=1e-6)
    optimizer.apply([gradient], [weight])
    assert weight.numpy() == pytest.approx(0.7 - 0.5 * expected, rel=1e-6)


def simple() -> pynn.Model:
    pynn.utils.set_random_seed(2)
    model = pynn.Sequential(
        [
            pynn.Input((5,)),
            layers.Dense(8, activation="tanh", kernel_regularizer="l2"),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.layers[0].bias.trainable = False
    return model


def slopes_of(model: pynn.Model, x: Any, then: Any = None) -> tuple[Any, list[Any]]:
    with pynn.Tape() as tape:
        y = model(x, training=True)
        loss = ops.mean(ops.square(y - 0.3))
        if then is not None:
            then()
    return y, tape.gradient(loss, model.weights)


def test_a_simple_model_is_one_node() -> None:
    model = simple()
    wanted = slopes_of(model, X.tolist())
    assert wanted[0].node.op.name == "softmax"
    found = slopes_of(model, X)
    assert found[0].node.op.name == "model"
    np.testing.assert_allclose(found[0], wanted[0], **SAME)
    for mine, theirs in zip(found[1], wanted[1], strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, **SAME)
    again = slopes_of(model, X)
    for first, second in zip(found[1], again[1], strict=True):
        np.testing.assert_array_equal(first, second)
    # New weights, other numbers of rows, other types, and what it cannot take.
    for weight in model.weights:
        weight.assign(weight.numpy() * 0.5)
    for x in (X[:1], X[:7].astype("float64"), X[::-1], X[:4].tolist(), ops.Weight(X[:3], "x")):
        other = simple()
        other.set_weights(model.get_weights())
        for mine, theirs in zip(slopes_of(model, x)[1], slopes_of(other, x)[1], strict=True):
            np.testing.assert_allclose(mine, theirs, **SAME)
    with pytest.raises(ValueError, match="5"):
        slopes_of(model, X[:, :4])


def test_a_simple_model_and_weights_that_are_assigned_to_on_the_way() -> None:
    model = simple()
    for _ in range(2):
        slopes_of(model, X)
    wanted = slopes_of(model, X)[1]
    kernel = model.layers[0].kernel
    found = slopes_of(model, X, then=lambda: kernel.assign(kernel.numpy() * 3))[1]
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, **SAME)


def test_a_model_with_a_penalty_of_its_own_stays_as_it_is() -> None:
    def norm(w: Any) -> Any:
        return ops.sqrt(ops.sum(ops.square(w)))

    model = pynn.Sequential([pynn.Input((5,)), layers.Dense(2, kernel_regularizer=norm)])
    for _ in range(3):
        y, slopes = slopes_of(model, X)
        assert y.node.op.name != "model"
    errors = 2 * (y.numpy() - 0.3) / y.numpy().size
    np.testing.assert_allclose(slopes[0], X.T @ errors, rtol=1e-4, atol=1e-6)


def test_models_that_are_not_simple_stay_as_they_are() -> None:
    inputs = pynn.Input((5,))
    dropped = pynn.Model(inputs, layers.Dropout(0.5)(layers.Dense(2)(inputs)))
    several = pynn.Model(inputs, [layers.Dense(2)(inputs), layers.Dense(1)(inputs)])
    for _ in range(3):
        with pynn.Tape() as tape:
            first, second = dropped(X, training=True), several(X)
        assert (first.numpy() == 0).any()
        assert tape.gradient(first, dropped.weights[0]).any()
        assert tape.gradient(second[1], several.weights)[0] is None
