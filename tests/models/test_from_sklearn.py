"""Estimators of scikit-learn's as models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import linear_model as linear
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from pynn import MLPRegressor as OwnRegressor
from pynn import ops
from pynn.models import from_sklearn

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

RNG = np.random.default_rng(0)
X = RNG.standard_normal((80, 4)) * [1.0, 10.0, 0.1, 1.0] + [0.0, 50.0, 0.0, 1.0]
NUMBERS = (X - X.mean(axis=0)) / X.std(axis=0) @ RNG.standard_normal((4, 3))
THREE = NUMBERS.argmax(axis=1)
TWO = NUMBERS[:, 0] > np.median(NUMBERS[:, 0])
SHORT: dict[str, Any] = {"max_iter": 20, "random_state": 0}


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_mlps(activation: str) -> None:
    mlp = MLPClassifier((6, 5), activation=activation, **SHORT).fit(X, THREE)
    found = from_sklearn(mlp).predict(X, verbose=0)
    np.testing.assert_allclose(found, mlp.predict_proba(X), atol=1e-12)
    single = MLPRegressor(hidden_layer_sizes=(6,), activation=activation, **SHORT)
    single.fit(X.astype("float32"), NUMBERS)
    found = from_sklearn(single).predict(X.astype("float32"), verbose=0)
    assert found.dtype == single.coefs_[0].dtype
    np.testing.assert_allclose(found, single.predict(X.astype("float32")), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "estimator",
    [
        linear.LinearRegression(),
        linear.Ridge(fit_intercept=False),
        linear.PoissonRegressor(),
        make_pipeline(StandardScaler(), linear.Lasso(0.01)),
        make_pipeline(MinMaxScaler(), linear.HuberRegressor()),
        make_pipeline(StandardScaler(with_mean=False), linear.ElasticNet(0.01)),
    ],
)
def test_linear_regressors(estimator: Any) -> None:
    y = np.abs(NUMBERS[:, 0])
    estimator.fit(X, y)
    found = from_sklearn(estimator).predict(X, verbose=0)
    np.testing.assert_allclose(found[:, 0], estimator.predict(X), rtol=1e-10)


def test_several_targets() -> None:
    estimator = linear.LinearRegression().fit(X, NUMBERS)
    found = from_sklearn(estimator, dtype="float32").predict(X, verbose=0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, estimator.predict(X), rtol=1e-4, atol=1e-4)


def test_classifiers() -> None:
    three = linear.LogisticRegression().fit(X, THREE)
    found = from_sklearn(three).predict(X, verbose=0)
    np.testing.assert_allclose(found, three.predict_proba(X), atol=1e-12)
    two = linear.LogisticRegression().fit(X, TWO)
    found = from_sklearn(two).predict(X, verbose=0)
    np.testing.assert_allclose(found[:, 0], two.predict_proba(X)[:, 1], atol=1e-12)
    for other in (linear.Perceptron(), linear.SGDClassifier(random_state=0), LinearSVC()):
        other.fit(X, THREE)
        found = from_sklearn(other).predict(X, verbose=0)
        np.testing.assert_allclose(found, other.decision_function(X), rtol=1e-9, atol=1e-9)


def test_what_is_not_read() -> None:
    with pytest.raises(TypeError, match="from_sklearn takes MLPClassifier"):
        from_sklearn(DecisionTreeClassifier().fit(X, THREE))
    with pytest.raises(ValueError, match="has not been fitted"):
        from_sklearn(linear.Ridge())
    own = OwnRegressor(hidden_layer_sizes=(3,), activation=[ops.tanh], max_iter=1)
    with pytest.raises(TypeError, match="an estimator with a model_ has it there already"):
        from_sklearn(own.fit(X, NUMBERS))
    with pytest.raises(TypeError, match="takes StandardScaler and MinMaxScaler"):
        from_sklearn(make_pipeline(PolynomialFeatures(1), linear.Ridge()).fit(X, NUMBERS))
