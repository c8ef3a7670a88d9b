"""A user's program, for type checkers: what calls return is known, and is not Any.

`mypy` checks it (see pyproject.toml); tests/test_types.py runs it, and what it asserts to type
checkers is asserted of the values there too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

import pynn
from pynn import callbacks, layers, losses, metrics, models, optimizers
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron
from pynn.ops import Tensor

X = np.zeros((8, 3), dtype="float32")
Y = np.zeros((8, 1), dtype="float32")


def train_a_model() -> pynn.Sequential:
    dense = layers.Dense(4, activation="relu", name="hidden")
    assert_type(dense, layers.Dense)
    model = pynn.Sequential([pynn.Input((3,)), dense, layers.Dropout(0.1), layers.Dense(1)])
    assert_type(model, pynn.Sequential)
    adam = optimizers.Adam(learning_rate=0.01, clipnorm=1.0)
    assert_type(adam, optimizers.Adam)
    model.compile(adam, losses.MeanSquaredError(), metrics=[metrics.MeanAbsoluteError()])
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.EarlyStopping("loss")])
    assert_type(history, callbacks.History)
    assert_type(history.history, dict[str, list[Any]])
    assert_type(history.epoch, list[int])
    assert_type(model.predict(X, verbose=0), np.ndarray)
    assert_type(model.predict_on_batch(X), np.ndarray)
    assert_type(model.get_weights(), list[np.ndarray])
    assert_type(model.trainable_weights, list[pynn.Variable])
    assert_type(model.layers, list[layers.Layer])
    assert_type(model.get_layer("hidden"), layers.Layer)
    assert_type(model.count_params(), int)
    assert_type(model.to_json(), str)
    assert_type(float(adam.learning_rate), float)
    return model


def put_models_together(model: pynn.Sequential) -> None:
    inputs = pynn.Input((3,))
    assert_type(inputs, Tensor)
    functional = pynn.Model(inputs, layers.Dense(1)(inputs))
    assert_type(functional, pynn.Model)
    assert_type(functional.inputs, list[Tensor])
    assert_type(models.clone_model(model), pynn.Sequential)
    assert_type(models.model_from_json(model.to_json()), models.Model)
    assert_type(layers.Dense.from_config(layers.Dense(2).get_config()), layers.Dense)
    assert_type(pynn.Sequential.from_config(model.get_config()), pynn.Sequential)


def look_things_up() -> None:
    assert_type(optimizers.get("adam"), optimizers.Optimizer)
    assert_type(losses.get("mse"), Callable[..., Any])
    assert_type(pynn.activations.get("relu"), Callable[..., Any])
    assert_type(layers.deserialize(layers.serialize(layers.Flatten())), layers.Layer)


def fit_estimators() -> None:
    classes = np.array([0, 1] * 4)
    classifier = MLPClassifier(hidden_layer_sizes=(4,), random_state=0).fit(X, classes)
    assert_type(classifier, MLPClassifier)
    assert_type(classifier.predict(X), np.ndarray)
    assert_type(classifier.predict_proba(X), np.ndarray)
    assert_type(classifier.score(X, classes), float)
    regressor = MLPRegressor(hidden_layer_sizes=(4,), random_state=0).fit(X, Y.ravel())
    assert_type(regressor, MLPRegressor)
    assert_type(regressor.predict(X), np.ndarray)
    perceptron = Perceptron(random_state=0, tol=None).fit(X, classes)
    assert_type(perceptron, Perceptron)
    assert_type(perceptron.predict(X), np.ndarray)


class Scale(layers.Layer):
    """A layer of the user's."""

    def __init__(self, factor: float, name: str | None = None) -> None:
        super().__init__(name=name)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


def use_own_classes() -> None:
    layer = Scale(2.0)
    assert_type(layer, Scale)
    assert_type(Scale.from_config({"factor": 3.0}).factor, float)


def main() -> None:
    put_models_together(train_a_model())
    look_things_up()
    fit_estimators()
    use_own_classes()
