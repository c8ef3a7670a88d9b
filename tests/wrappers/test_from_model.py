"""Any model of one input and one output as a fitted estimator."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from pynn import Input, MLPClassifier, Model, layers
from pynn.wrappers import SKLearnClassifier, SKLearnRegressor

X = np.random.default_rng(0).standard_normal((30, 4)).astype("float32")


def branched(units: int, activation: str) -> Model:
    inputs = Input((4,))
    hidden = layers.Dense(4, "relu")(inputs)
    joined = layers.Concatenate()([hidden, inputs])
    return Model(inputs, layers.Dense(units, activation)(joined))


@pytest.mark.parametrize(
    ("units", "activation", "classes"),
    [(3, "softmax", ["a", "b", "c"]), (1, "sigmoid", [False, True]), (2, "softmax", None)],
)
def test_classifiers(units: int, activation: str, classes: Any) -> None:
    model = branched(units, activation)
    found = SKLearnClassifier.from_model(model, classes=classes)
    outputs = model.predict(X, verbose=0)
    assert found.model_ is model and found.n_features_in_ == 4
    probabilities = found.predict_proba(X)
    np.testing.assert_array_equal(probabilities[:, -1], outputs[:, -1])
    labels = np.asarray(classes or [0, 1])
    np.testing.assert_array_equal(found.predict(X), labels[probabilities.argmax(axis=1)])
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(X), found.predict(X))


def test_labels_that_hold_together() -> None:
    model = branched(3, "sigmoid")
    found = SKLearnClassifier.from_model(model)
    np.testing.assert_array_equal(found.predict(X), model.predict(X, verbose=0) > 0.5)
    with pytest.raises(ValueError, match="classes are for labels that exclude each other"):
        SKLearnClassifier.from_model(model, classes=["a", "b", "c"])


def test_a_regressor_trains_on() -> None:
    model = branched(1, "linear")
    model.compile("adam", "mse")
    found = SKLearnRegressor.from_model(model, fit_kwargs={"epochs": 5, "verbose": 0})
    np.testing.assert_array_equal(found.predict(X), model.predict(X, verbose=0)[:, 0])
    before = model.get_weights()[0].copy()
    found.fit(X, X[:, 0])
    np.testing.assert_array_equal(model.get_weights()[0], before)
    assert not np.array_equal(found.model_.get_weights()[0], before)
    clone(found)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="has been built"):
        SKLearnRegressor.from_model(lambda: None)
    inputs = Input((4,))
    two = Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])
    with pytest.raises(ValueError, match="one input and one output. Received: 1 and 2"):
        SKLearnRegressor.from_model(two)
    with pytest.raises(ValueError, match="must end with a softmax"):
        SKLearnClassifier.from_model(branched(2, "relu"))
    with pytest.raises(ValueError, match="classes must be 3 different labels"):
        SKLearnClassifier.from_model(branched(3, "softmax"), classes=["b", "a", "c"])
    with pytest.raises(ValueError, match="SKLearnClassifier.from_model"):
        MLPClassifier.from_model(branched(3, "softmax"))
