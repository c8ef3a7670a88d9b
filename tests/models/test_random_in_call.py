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
