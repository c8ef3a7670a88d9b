"""Weights of samples at their odd ends, and networks that the engine does not compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.neural_network

from estimators.problems import IRIS
from estimators.sklearn_abilities import MLPS_WEIGH_ROWS
from pynn import estimators, ops
from pynn.estimators import MLPRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS
SETTINGS = {
    "hidden_layer_sizes": (6,),
    "activation": "tanh",
    "random_state": 0,
    "max_iter": 5,
    "batch_size": 50,
    "shuffle": False,
}
NAMES = pytest.mark.parametrize("name", ["MLPRegressor", "MLPClassifier"])


def interpreted_tanh(x: Any) -> Any:
    """The hyperbolic tangent, with an op that the engine lacks: NumPy computes the network."""
    return ops.tanh(x) + 0 * ops.cos(ops.max(x, axis=-1, keepdims=True))


def trained(module: Any, name: str, weights: np.ndarray, **parameters: Any) -> Any:
    return getattr(module, name)(**{**SETTINGS, **parameters}).fit(X, Y, sample_weight=weights)


@NAMES
@pytest.mark.parametrize("negative", [20, 50], ids=["some of a batch", "a batch"])
def test_negative_weights_as_scikit_learn_has_them(name: str, negative: int) -> None:
    weights = np.where(np.arange(150) < negative, -1.0, 1.0)
    native = trained(estimators, name, weights)
    others = [trained(estimators, name, weights, activation=interpreted_tanh)]
    if MLPS_WEIGH_ROWS:
        others.append(trained(sklearn.neural_network, name, weights))
    for other in others:
        np.testing.assert_allclose(native.loss_curve_, other.loss_curve_, rtol=1e-12)
        np.testing.assert_allclose(native.coefs_[0], other.coefs_[0], rtol=1e-9)


@NAMES
def test_a_batch_without_weight_has_no_gradient(name: str) -> None:
    # scikit-learn divides by zero.
    weights = np.where(np.arange(150) < 50, 0.0, 1.0)
    plain = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0}
    native = trained(estimators, name, weights, **plain)
    twin = trained(estimators, name, weights, **plain, activation=interpreted_tanh)
    np.testing.assert_allclose(twin.coefs_[0], native.coefs_[0], rtol=1e-9)
    weights[:50] = 1e-30
    near = trained(estimators, name, weights, **plain, max_iter=1, batch_size=150)
    weights[:50] = 0
    there = trained(estimators, name, weights, **plain, max_iter=1, batch_size=150)
    np.testing.assert_allclose(near.coefs_[0], there.coefs_[0], rtol=1e-12)
    if name == "MLPRegressor":  # a classifier draws other weights for the two classes left
        alone = MLPRegressor(**SETTINGS | plain).fit(X[50:], Y[50:])
        np.testing.assert_array_equal(native.coefs_[0], alone.coefs_[0])


@pytest.mark.parametrize("y", [Y, Y == 1, np.stack([Y == 1, Y > 0], axis=1)])
def test_classifiers_that_are_interpreted(y: np.ndarray) -> None:
    native, twin = (
        estimators.MLPClassifier(**{**SETTINGS, "activation": activation}).fit(X, y)
        for activation in ("tanh", interpreted_tanh)
    )
    np.testing.assert_allclose(twin.loss_curve_, native.loss_curve_, rtol=1e-12)


@NAMES
def test_a_part_of_the_rows_without_weight_is_refused(name: str) -> None:
    """A single row has weight: it is held out, or all rows held out have none."""
    messages = []
    for row in range(150):
        with pytest.raises(ValueError, match="at least one non-zero number") as raised:
            trained(estimators, name, np.eye(150)[row], early_stopping=True)
        messages.append(str(raised.value))
    assert sum("the validation samples are all 0" in message for message in messages) == 135
    assert sum("the samples to train on are all 0" in message for message in messages) == 15


@NAMES
def test_given_validation_rows_without_weight_are_refused(name: str) -> None:
    model = getattr(estimators, name)(**SETTINGS)
    with pytest.raises(ValueError, match="at least one non-zero number"):
        model.fit(X, Y, validation_data=(X, Y, np.zeros(150)))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_classes_without_weight_are_refused(solver: str) -> None:
    model = estimators.MLPClassifier(**SETTINGS, solver=solver, class_weight=dict.fromkeys(Y, 0.0))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        model.fit(X, Y)
    weights = (Y == 2).astype(float)
    model.set_params(class_weight={0: 1.0, 1: 1.0, 2: 0.0})
    with pytest.raises(ValueError, match="at least one non-zero number"):
        model.fit(X, Y, sample_weight=weights)
