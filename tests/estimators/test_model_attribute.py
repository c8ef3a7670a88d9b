"""`model_`, the network of an MLP estimator as a pynn.Model: made when it is asked for."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import pynn
from estimators.problems import IRIS
from pynn.estimators import MLPClassifier, MLPRegressor
from pynn.estimators.mlp import _network

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS
SEVERAL = np.column_stack([Y, Y == 1])
KINDS = {
    "plain": (MLPClassifier((6,), max_iter=3, random_state=0), Y),
    "deep": (
        MLPClassifier((6, 5), batch_norm=True, dropout=0.2, max_iter=3, random_state=0),
        Y,
    ),
    "several heads": (MLPClassifier((6,), max_iter=3, random_state=0), SEVERAL),
    "regressor": (MLPRegressor(hidden_layer_sizes=(6,), max_iter=3, random_state=0), X[:, :2]),
}


@pytest.fixture(params=KINDS)
def fitted(request: pytest.FixtureRequest) -> tuple[Any, np.ndarray]:
    estimator, y = KINDS[request.param]
    return clone(estimator).fit(X, y), y


def outputs_of(estimator: Any) -> list[np.ndarray]:
    found = getattr(estimator, "predict_proba", estimator.predict)(X)
    return found if isinstance(found, list) else [found]


def test_no_model_is_built_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    build = _network.build
    monkeypatch.setattr(_network, "build", lambda *given: built.append(1) or build(*given))
    clf = MLPClassifier((6,), max_iter=3, warm_start=True, random_state=0).fit(X, Y).fit(X, Y)
    clf.partial_fit(X, Y)
    clf.predict(X)
    pickle.loads(pickle.dumps(clf)).predict(X)
    assert not built
    assert clf.model_ is clf.model_
    assert len(built) == 1


def check_same_predictions(estimator: Any) -> None:
    predicted = estimator.model_.predict(X, verbose=0)
    predicted = predicted if isinstance(predicted, list) else [predicted]
    for theirs, ours in zip(predicted, outputs_of(estimator), strict=True):
        np.testing.assert_array_equal(theirs.reshape(len(X), -1)[:, -1], ours[..., -1])


def test_weights_are_shared_both_ways(fitted: tuple[Any, np.ndarray]) -> None:
    estimator, y = fitted
    check_same_predictions(estimator)
    model = estimator.model_
    dense = [layer for layer in model.layers if isinstance(layer, pynn.layers.Dense)]
    for kernel, layer in zip(estimator.coefs_, dense, strict=True):
        assert np.shares_memory(kernel, layer.kernel.view)
    before = [w.copy() for w in estimator.coefs_]
    estimator.set_params(warm_start=True).fit(X, y)
    assert all((a != b).any() for a, b in zip(before, estimator.coefs_, strict=True))
    assert estimator.model_ is model
    check_same_predictions(estimator)
    model.set_weights([w + 0.25 for w in model.get_weights()])
    check_same_predictions(estimator)


def test_asking_for_the_model_changes_no_training() -> None:
    settings = {"hidden_layer_sizes": (6,), "max_iter": 2, "warm_start": True, "random_state": 0}
    one, other = MLPClassifier(**settings), MLPClassifier(**settings)
    for calls in range(1, 4):
        one.fit(X, Y)
        other.fit(X, Y)
        assert int(other.model_.optimizer.iterations) == 2 * calls
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_optimizer_is_the_model_s() -> None:
    clf = MLPClassifier((6,), max_iter=2, learning_rate_init=0.01, random_state=0).fit(X, Y)
    optimizer = clf.model_.optimizer
    assert isinstance(optimizer, pynn.optimizers.Adam)
    assert (float(optimizer.learning_rate), int(optimizer.iterations)) == (0.01, 2)
    clf.set_params(warm_start=True, solver="sgd").fit(X, Y)
    assert isinstance(clf.model_.optimizer, pynn.optimizers.SGD)
