"""Pickles and deep copies of models go on where the original stands."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import pynn
from pynn import constraints, layers, ops
from pynn.models import Model, Sequential

X = np.random.default_rng(0).standard_normal((40, 4)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def cube(x: object) -> object:
    return x * x * x


class Below(constraints.Constraint):
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def __call__(self, w: object) -> object:
        return ops.minimum(w, self.limit)

    def get_config(self) -> dict:
        return {"limit": self.limit}


class Scale(layers.Layer):
    def __init__(self, start: float = 1.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.start = start
        self.limit = Below(100.0)

    def build(self, input_shape: tuple) -> None:
        self.factor = self.add_weight(
            shape=(input_shape[-1],), initializer="ones", constraint=self.limit
        )

    def call(self, inputs: object) -> object:
        return inputs * self.factor * self.start


class Own(Model):
    def __init__(self, units: int = 3, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.hidden = layers.Dense(units, activation="tanh")
        self.out = layers.Dense(1)

    def call(self, inputs: object) -> object:
        return self.out(self.hidden(inputs))


def functional() -> Model:
    inputs = pynn.Input((4,), name="in")
    hidden = layers.Dense(5, activation=cube, name="hidden")(inputs)
    return Model(
        inputs, layers.Dense(1, name="out")(layers.concatenate([Scale(0.5)(hidden), inputs]))
    )


def sequential() -> Model:
    return Sequential(
        [layers.Dense(3, activation="relu"), layers.BatchNormalization(), layers.Dense(1)]
    )


@pytest.mark.parametrize("make", [functional, sequential, Own])
@pytest.mark.parametrize("duplicate", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_a_copy_predicts_and_trains_as_the_original_does(make, duplicate) -> None:
    model = make()
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    twin = duplicate(model)
    assert type(twin) is type(model)
    assert twin.name == model.name
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    assert int(twin.optimizer.iterations) == 4
    for one in (model, twin):
        one.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert twin.history.history == model.history.history
    for a, b in zip(twin.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_frozen_stays_frozen() -> None:
    model = functional()
    model.get_layer("hidden").trainable = False
    twin = copy.deepcopy(model)
    assert [w.path for w in twin.trainable_weights] == [w.path for w in model.trainable_weights]
    assert len(twin.trainable_weights) == 3


def test_models_without_data_or_compile() -> None:
    twin = pickle.loads(pickle.dumps(sequential()))
    assert not twin.built
    assert not twin.compiled
    assert ops.shape(twin(X)) == (40, 1)
