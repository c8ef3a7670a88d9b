"""`pynn.random` in the `call` of layers and models: drawn at each pass, for any number of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, ops, random

X = np.random.default_rng(0).random((96, 6)).astype("float32")


class Sampling(layers.Layer):
    """As in Keras's guide to variational autoencoders."""

    def __init__(self, seed: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed_generator = random.SeedGenerator(1337) if seed is None else seed

    def call(self, inputs: Any) -> Any:
        z_mean, z_log_var = inputs
        batch = ops.shape(z_mean)[0]
        dim = ops.shape(z_mean)[1]
        epsilon = random.normal(shape=(batch, dim), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


class Autoencoder(pynn.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.hidden = layers.Dense(16, activation="relu")
        self.mean, self.log_var = layers.Dense(2), layers.Dense(2)
        self.sampling = Sampling()
        self.decoder = layers.Dense(6, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        hidden = self.hidden(inputs)
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        divergence = -0.5 * ops.mean(log_var - ops.square(mean) - ops.exp(log_var) + 1)
        self.add_loss(0.1 * divergence)
        return self.decoder(self.sampling((mean, log_var)))


def test_a_variational_autoencoder_trains() -> None:
    pynn.utils.set_random_seed(1)
    model = Autoencoder()
    model.compile(pynn.optimizers.Adam(0.01), "mse")
    history = model.fit(X, X, epochs=20, batch_size=20, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    first, second = model.predict(X, verbose=0), model.predict(X, verbose=0)
    assert first.shape == X.shape
    assert not np.array_equal(first, second)
    assert model(X[:3]).shape == (3, 6)


def functional(seed: Any) -> pynn.Model:
    mean = pynn.Input((2,))
    return pynn.Model(mean, Sampling(seed)((mean, mean * 0.0)))


def test_what_is_drawn() -> None:
    model = functional(random.SeedGenerator(3))
    drawn = np.concatenate([model.predict(np.ones((500, 2)), verbose=0) for _ in range(4)])
    assert len(np.unique(drawn)) == drawn.size
    assert drawn.mean() == pytest.approx(1, abs=0.1)
    assert drawn.std() == pytest.approx(1, abs=0.1)
    fixed = functional(7)
    zeros = np.zeros((5, 2))
    np.testing.assert_array_equal(
        fixed.predict(zeros, verbose=0), random.normal((5, 2), seed=7).astype("float32")
    )


class Drawing(layers.Layer):
    """Zeros plus what is drawn, `width` numbers a row."""

    def __init__(self, draw: Any, width: int, seed: Any = None, **arguments: Any) -> None:
        super().__init__()
        self.draw, self.width, self.seed, self.arguments = draw, width, seed, arguments

    def call(self, inputs: Any) -> Any:
        shape = (ops.shape(inputs)[0], self.width)
        drawn = self.draw(shape, seed=self.seed, **self.arguments)
        return ops.zeros_like(inputs[:, :1]) + ops.cast(drawn, "float32")


def drawing(*args: Any, **kwargs: Any) -> pynn.Model:
    inputs = pynn.Input((3,))
    return pynn.Model(inputs, Drawing(*args, **kwargs)(inputs))


@pytest.mark.parametrize(
    ("draw", "arguments", "mean", "deviation", "native"),
    [
        (random.normal, {"mean": 3.0, "stddev": 0.5}, 3.0, 0.5, True),
        (random.uniform, {"minval": -1.0, "maxval": 5.0}, 2.0, 6 / 12**0.5, True),
        (random.randint, {"minval": 2, "maxval": 7}, 4.0, 2**0.5, True),
        (random.truncated_normal, {"stddev": 2.0}, 0.0, 2 * 0.8796, False),
    ],
)
def test_what_the_engine_draws(
    draw: Any, arguments: Any, mean: float, deviation: float, native: bool
) -> None:
    model = drawing(draw, 5, **arguments)
    model.compile("sgd", "mse")
    assert model._plan().is_native == native
    random.set_seed(3)
    found = model.predict(np.zeros((4000, 3), "float32"), verbose=0, batch_size=4000)
    assert found.shape == (4000, 5)
    assert found.mean() == pytest.approx(mean, abs=0.04)
    assert found.std() == pytest.approx(deviation, rel=0.02)
    if draw is random.randint:
        np.testing.assert_array_equal(np.unique(found), np.arange(2, 7))
    elif draw is random.uniform:
        levels = np.quantile(found, [0.0, 0.25, 0.5, 0.75, 1.0])
        np.testing.assert_allclose(levels, np.linspace(-1, 5, 5), atol=0.1)
        assert -1 <= found.min()
        assert found.max() < 5
    correlations = np.corrcoef(found.T) - np.eye(5)
    assert abs(correlations).max() < 0.06
    pynn.set_num_threads(1)
    random.set_seed(3)
    again = model.predict(np.zeros((4000, 3), "float32"), verbose=0, batch_size=4000)
    np.testing.assert_array_equal(again, found)


def test_whole_numbers_beyond_those_of_float32_are_drawn_in_numpy() -> None:
    model = drawing(random.randint, 5, minval=0, maxval=2**30)
    assert model._plan().reason == "random_randint"
    found = model.predict(np.zeros((400, 3), "float32"), verbose=0)
    assert found.mean() == pytest.approx(2**29, rel=0.1)


def test_training_draws_anew_at_each_step_the_same_for_any_number_of_threads() -> None:
    class Recorder(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kept = self.add_weight(shape=(2,), trainable=False, name="kept")
            self.gain = self.add_weight(shape=(2,), initializer="ones", name="gain")

        def call(self, inputs: Any) -> Any:
            noise = random.normal((ops.shape(inputs)[0], 2), seed=None)
            self.kept.assign(ops.mean(noise, axis=0))
            return inputs[:, :2] * self.gain + noise

    def fitted(threads: int) -> list[Any]:
        pynn.set_num_threads(threads)
        pynn.utils.set_random_seed(5)
        model = pynn.Sequential([pynn.Input((6,)), Recorder(), layers.Dense(1)])
        model.compile("sgd", "mse")
        seen: list[Any] = []
        note = pynn.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: seen.append(model.get_weights()[1])
        )
        model.fit(X, X[:, :1], batch_size=32, epochs=2, verbose=0, callbacks=[note])
        return [*seen, *model.get_weights()]

    one, two = fitted(1), fitted(2)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    kept = np.array(one[:6]).ravel()
    assert len(np.unique(kept)) >= 6


def test_dropout_and_categorical() -> None:
    ones = np.ones((400, 6), "float32")
    for x in (ones, np.ones((400, 6))):
        dropped = random.dropout(x, 0.25, seed=1)
        assert dropped.dtype == x.dtype
        np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.75], rtol=1e-6)
        assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.03)
    rows = random.dropout(ones, 0.5, noise_shape=(None, 1), seed=1)
    assert (rows == rows[:, :1]).all()
    with pytest.raises(ValueError, match="rate"):
        random.dropout(ones, 1.5)
    logits = np.log([[0.1, 0.2, 0.7]]).repeat(2, axis=0)
    drawn = random.categorical(logits, 5000, seed=2)
    assert drawn.shape == (2, 5000)
    shares = np.bincount(np.asarray(drawn).ravel(), minlength=3) / drawn.size
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.7], atol=0.02)

    class Chosen(layers.Layer):
        def call(self, inputs: Any) -> Any:
            chosen = random.categorical(ops.log(inputs + 1e-6), 2)
            return random.dropout(ops.cast(chosen, "float32"), 0.5)

    inputs = pynn.Input((3,))
    model = pynn.Model(inputs, Chosen()(inputs))
    found = model.predict(np.tile([0.0, 0.0, 1.0], (50, 1)), verbose=0)
    assert found.shape == (50, 2)
    assert set(np.unique(found)) == {0.0, 4.0}


@pytest.mark.parametrize(
    "draw", [random.normal, random.uniform, random.truncated_normal, random.randint]
)
def test_the_same_seed_gives_the_same_numbers(draw: Any) -> None:
    class Noise(layers.Layer):
        def call(self, inputs: Any) -> Any:
            extra = {"minval": 0, "maxval": 9} if draw is random.randint else {}
            shape = (ops.shape(inputs)[0], 1)
            return inputs + ops.cast(draw(shape, **extra), "float32") + random.uniform((3,))

    inputs = pynn.Input((3,))
    model = pynn.Model(inputs, Noise()(inputs))
    x = np.zeros((8, 3), "float32")
    found = []
    for seed in (1, 1, 2):
        random.set_seed(seed)
        found.append(model.predict(x, verbose=0))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    assert len(np.unique(found[0][:, 0])) > 3


def test_rows_are_known_only_in_a_call() -> None:
    with pytest.raises(ValueError, match="may be None, only in the call of a layer or model"):
        random.normal((None, 2))
