"""Scores on real data: no worse than scikit-learn's, with the same parameters."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.neural_network
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from pynn import estimators
from pynn.datasets import california_housing

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

# Both draw other mini-batches, so the scores of a run differ a little either way: by less than
# this on average over the seeds, on test sets of some hundred rows.
MARGIN = 0.02
SEEDS = range(3)


def mean_scores(make: Any, x: np.ndarray, y: np.ndarray) -> float:
    scores = []
    for seed in SEEDS:
        parts = train_test_split(x, y, random_state=seed)
        scaler = StandardScaler().fit(parts[0])
        model = make(seed).fit(scaler.transform(parts[0]), parts[2])
        scores.append(model.score(scaler.transform(parts[1]), parts[3]))
    return float(np.mean(scores))


@pytest.mark.parametrize("load", [load_digits, load_iris, load_wine, load_breast_cancer])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_classification(load: Any, solver: str) -> None:
    x, y = load(return_X_y=True)

    def maker(module: Any) -> Any:
        return lambda seed: module.MLPClassifier(
            (50,), solver=solver, random_state=seed, max_iter=100
        )

    mine = mean_scores(maker(estimators), x, y)
    assert mine > mean_scores(maker(sklearn.neural_network), x, y) - MARGIN
    assert mine > 0.9


@pytest.mark.parametrize("load", [load_digits, load_iris, load_wine, load_breast_cancer])
def test_perceptron(load: Any) -> None:
    x, y = load(return_X_y=True)
    scores = [
        mean_scores(lambda seed, m=module: m.Perceptron(random_state=seed), x, y)
        for module in (estimators, sklearn.linear_model)
    ]
    assert scores[0] == pytest.approx(scores[1])


def test_regression() -> None:
    x, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()

    def maker(module: Any) -> Any:
        return lambda seed: module.MLPRegressor(
            hidden_layer_sizes=(20,), random_state=seed, max_iter=60, learning_rate_init=0.01
        )

    mine = mean_scores(maker(estimators), x, y)
    assert mine > mean_scores(maker(sklearn.neural_network), x, y) - MARGIN
    assert mine > 0.3


if "PYNN_DATA_DIR" in os.environ:  # the data do not come with scikit-learn

    def test_california_housing() -> None:
        (x, y), (x_test, y_test) = california_housing.load_data()
        scaler = StandardScaler().fit(x)
        model = estimators.MLPRegressor(
            hidden_layer_sizes=(30, 30), random_state=42, early_stopping=True, max_iter=60
        )
        model.fit(scaler.transform(x).astype(np.float32), y)
        assert model.score(scaler.transform(x_test).astype(np.float32), y_test) > 0.7
