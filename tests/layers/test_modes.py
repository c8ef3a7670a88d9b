"""Layers that differ between training and inference: dropout and batch normalization."""

from __future__ import annotations

import numpy as np
import pytest

import pynn
from pynn import layers, ops, utils
from pynn.models import Sequential

X = np.random.default_rng(2).standard_normal((256, 4)).astype("float32")


def test_dropout_silences_and_scales_in_training_only() -> None:
    layer = layers.Dropout(0.25)
    np.testing.assert_array_equal(layer(X), X)
    ones = np.ones((200, 200), "float32")
    out = layer(ones, training=True)
    assert set(np.unique(out)) == {0.0, np.float32(1 / 0.75)}
    # 40,000 draws: the mean of the kept share is 0.75 with deviation 0.0022; 5 of these.
    assert (out > 0).mean() == pytest.approx(0.75, abs=0.011)


@pytest.mark.parametrize("rate", [-0.1, 1.5, "0.5", True])
def test_rate_must_be_in_range(rate: object) -> None:
    with pytest.raises(ValueError, match=r"rate must be a number in \[0, 1\]"):
        layers.Dropout(rate)
    with pytest.raises(ValueError, match=r"rate must be a number in \[0, 1\)"):
        layers.AlphaDropout(rate)


@pytest.mark.parametrize("rate", [1, 1.0])
@pytest.mark.parametrize("noise_shape", [None, (None, 1)])
def test_dropout_of_everything(rate: float, noise_shape: object) -> None:
    layer = layers.Dropout(rate, noise_shape=noise_shape)
    np.testing.assert_array_equal(layer(X), X)
    np.testing.assert_array_equal(layer(X, training=True), np.zeros_like(X))
    model = Sequential([layers.Input((4,)), layer, layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer=pynn.optimizers.SGD(0.5), loss="mse")
    assert model.fit(X, np.full(256, 2.0), batch_size=256, verbose=0).history["loss"] == [4.0]
    np.testing.assert_array_equal(model.get_weights()[0], np.ones((4, 1)))
    assert model.get_weights()[1] == pytest.approx([2.0], rel=1e-6)
    np.testing.assert_allclose(model.predict(X, verbose=0)[:, 0], X.sum(axis=1) + 2, atol=1e-5)
    np.testing.assert_allclose(model(X, training=True), np.full((256, 1), 2.0), rtol=1e-6)


def test_dropout_that_is_always_on_acts_at_inference() -> None:
    class MonteCarlo(layers.Dropout):
        def call(self, inputs: object, training: object = None) -> object:
            return super().call(inputs, training=True)

    model = Sequential([layers.Input((4,)), MonteCarlo(0.5)])
    first, second = (model.predict(X, verbose=0) for _ in range(2))
    assert (first == 0).any()
    assert (first != second).any()


def test_model_called_in_training_mode_drops() -> None:
    model = Sequential([layers.Input((4,)), layers.Dropout(0.5)])
    np.testing.assert_array_equal(model(X), X)
    assert (model(X, training=True) == 0).any()


def test_training_with_dropout_repeats_with_the_seed() -> None:
    def train() -> list[float]:
        utils.set_random_seed(3)
        model = Sequential([layers.Input((4,)), layers.Dropout(0.3), layers.Dense(1)])
        model.compile(loss="mse", optimizer="sgd")
        return model.fit(X, X[:, 0], epochs=2, verbose=0).history["loss"]

    assert train() == train()


def noised(layer: layers.Layer, data: np.ndarray) -> np.ndarray:
    """What the engine makes of rows in training: the last batch of an epoch without steps."""
    model = Sequential([layers.Input(data.shape[1:]), layer])
    model.compile(loss="mse", optimizer=pynn.optimizers.SGD(0.0))
    model.fit(data, data, batch_size=len(data), shuffle=False, verbose=0)
    trainer = model._trainers._trainer
    assert isinstance(trainer, pynn._core.Trainer)
    np.testing.assert_array_equal(model.predict(data, verbose=0), data)
    return np.asarray(trainer.last_batch()[1][0], "float32").reshape(data.shape)


def test_alpha_dropout_in_the_engine() -> None:
    """Entry by entry, one of the two numbers that the formula gives, to the bit."""
    data = np.random.default_rng(0).standard_normal((200, 100)).astype("float32")
    rate, floor = 0.3, -1.7580993408473766
    out = noised(layers.AlphaDropout(rate), data)
    factor = ((1 - rate) * (1 + rate * floor**2)) ** -0.5
    factor, offset = np.float32(factor), np.float32(-factor * floor * rate)
    kept, dropped = factor * data + offset, factor * np.float32(floor) + offset
    hit = out == kept
    assert (hit | (out == dropped)).all()
    # 20,000 draws; five standard deviations of the share, of the mean and of the variance.
    assert hit.mean() == pytest.approx(1 - rate, abs=5 * (rate * (1 - rate) / 20_000) ** 0.5)
    assert out.mean() == pytest.approx(0, abs=0.04)
    assert out.var() == pytest.approx(1, abs=0.06)


def test_normal_noise_in_the_engine() -> None:
    data = np.random.default_rng(0).standard_normal((200, 100)).astype("float32")
    np.testing.assert_array_equal(layers.GaussianNoise(0.5)(data, training=False), data)
    added = noised(layers.GaussianNoise(0.5), data) - data
    factor = noised(layers.GaussianDropout(0.2), np.full_like(data, 4.0)) / 4.0
    for noise, mean, deviation in ((added, 0, 0.5), (factor, 1, 0.5)):
        assert noise.mean() == pytest.approx(mean, abs=5 * deviation / 20_000**0.5)
        assert noise.std() == pytest.approx(deviation, rel=5 / 40_000**0.5)
        for axis in (0, 1):
            again = np.roll(noise, 1, axis)
            assert abs(np.corrcoef(noise.ravel(), again.ravel())[0, 1]) < 5 / 20_000**0.5


def test_batch_normalization_uses_the_batch_in_training() -> None:
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    out = layer(X, training=True)
    mean, variance = X.mean(axis=0), X.var(axis=0)
    np.testing.assert_allclose(out, (X - mean) / np.sqrt(variance + 1e-3), atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * mean, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * variance, rtol=1e-5)
    np.testing.assert_allclose(
        layer(X), (X - 0.1 * mean) / np.sqrt(0.9 + 0.1 * variance + 1e-3), atol=1e-5
    )


def test_training_moves_the_moments_and_freezing_keeps_them() -> None:
    layer = layers.BatchNormalization(momentum=0.5)
    model = Sequential([layers.Input((4,)), layer, layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    model.fit(X, X[:, 0], epochs=1, batch_size=256, shuffle=False, verbose=0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.5 * X.mean(axis=0), atol=1e-6)
    before = layer.get_weights()
    layer.trainable = False
    model.compile(loss="mse", optimizer="sgd")
    assert len(model.trainable_weights) == 2
    model.fit(X, X[:, 0], epochs=1, verbose=0)
    for weight, value in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_training_holds_for_the_layers_inside() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.normalization = layers.BatchNormalization()

        def call(self, inputs: object) -> object:
            return self.normalization(inputs)

    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()

        def call(self, inputs: object, training: object = None) -> object:
            return self.block(inputs)

    own = layers.BatchNormalization()(X, training=True)
    np.testing.assert_array_equal(Outer()(X, training=True), own)
    with pynn.Tape() as tape:
        taped = Outer()(tape.watch(X), training=True)
        plain = Outer()(tape.watch(X))
    np.testing.assert_allclose(taped, own, atol=1e-6)
    np.testing.assert_allclose(plain, X, rtol=1e-3)


class Doubled(layers.Layer):
    """Twice its input in training, which is what it is for where nobody says otherwise."""

    def call(self, inputs: object, training: bool = True) -> object:
        return inputs * 2.0 if training else inputs


def test_the_default_of_training_holds_where_nobody_gives_it() -> None:
    class Outer(layers.Layer):
        def __init__(self, block: layers.Layer) -> None:
            super().__init__()
            self.block = block

        def call(self, inputs: object, training: bool = True) -> object:
            return self.block(inputs)

    normalized = layers.BatchNormalization()(X, training=True)
    np.testing.assert_array_equal(Doubled()(X), 2 * X)
    for training in (False, None):
        np.testing.assert_array_equal(Doubled()(X, training=training), X)
    np.testing.assert_array_equal(Outer(layers.BatchNormalization())(X), normalized)
    model = Sequential([layers.Input((4,)), Doubled()])
    np.testing.assert_array_equal(model(X), 2 * X)
    np.testing.assert_array_equal(model(X, training=False), X)
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)
    np.testing.assert_array_equal(model(X), 2 * X)  # as before, once the plan is made
    model.compile(loss="mse", optimizer=None)
    assert model.evaluate(X, X, verbose=0) == 0


def test_a_layer_that_asks_is_recorded_for_both_modes() -> None:
    class Noise(layers.Layer):
        def call(self, inputs: object, training: object = None) -> object:
            if training:
                return inputs + 100.0
            return inputs

    model = Sequential([layers.Input((4,)), Noise(), layers.Dense(1, kernel_initializer="zeros")])
    assert model._plan(training=True) is not model._plan(training=False)
    model.layers[-1].kernel.assign(np.full((4, 1), 0.25))
    np.testing.assert_allclose(model.predict(X, verbose=0)[:, 0], X.mean(axis=1), atol=1e-6)
    model.compile(loss="mae", optimizer="sgd")
    y = X.mean(axis=1)
    loss = model.fit(X, y, batch_size=256, shuffle=False, verbose=0).history["loss"][0]
    assert loss == pytest.approx(100, rel=1e-4)


def test_gaussian_noise_op_is_off_at_inference() -> None:
    inputs = layers.Input((4,))
    from pynn.models import Model

    model = Model(inputs, ops.gaussian_noise(inputs, 1.0))
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)


def test_dropout_at_inference_follows_the_seed() -> None:
    inputs = layers.Input((20,))
    model = pynn.Model(inputs, layers.Dropout(0.5)(inputs, training=True))
    ones = np.ones((4, 20), "float32")
    found = []
    for _ in range(2):
        pynn.random.set_seed(1)
        found.append(model.predict(ones, batch_size=2, verbose=0))
    np.testing.assert_array_equal(*found)
    assert not np.array_equal(found[0][:2], found[0][2:])
    assert not np.array_equal(model.predict(ones, batch_size=2, verbose=0), found[0])


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dropout(0.4),
        layers.Dropout(0.4, noise_shape=(None, 1)),
        layers.GaussianDropout(0.4),
        layers.GaussianNoise(0.7),
        layers.AlphaDropout(0.4),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_randomness_at_inference_is_the_engines(layer: layers.Layer) -> None:
    """The mean of many predictions is the one without noise; evaluations draw anew, too."""
    inputs = layers.Input((20,))
    noisy = layer(inputs, training=True)
    model = pynn.Model(inputs, layers.Dense(3, kernel_initializer="ones")(noisy))
    model.compile("sgd", "mse")
    assert model._plan(training=False).is_native and model._plan(training=True).is_native
    x = np.random.default_rng(0).normal(size=(5000, 20)).astype("float32")
    first, second = (model.predict(x, verbose=0) for _ in range(2))
    called = np.asarray(model(x))
    for a, b in ((first, second), (second, called), (first[:128], first[128:256])):
        assert not (a == b).all()
    expected = x.sum(axis=1).mean()
    assert first.mean() == pytest.approx(expected, abs=0.4)
    y = np.zeros((5000, 3), "float32")
    pynn.random.set_seed(1)
    losses = [model.evaluate(x, y, verbose=0) for _ in range(2)]
    assert losses[0] != losses[1]
    model.fit(x, y, epochs=1, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


def test_a_prediction_without_randomness_draws_no_seed() -> None:
    inputs = layers.Input((20,))
    model = pynn.Model(inputs, ops.sort(layers.Dropout(0.5)(inputs)))  # computed in NumPy
    pynn.random.set_seed(1)
    expected = pynn.random.normal((3,))
    pynn.random.set_seed(1)
    model.predict(np.ones((4, 20)), verbose=0)
    np.testing.assert_array_equal(pynn.random.normal((3,)), expected)
