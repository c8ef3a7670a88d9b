"""The estimators inside scikit-learn's own machinery."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from estimators.problems import IRIS
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

ALL: list[Any] = [
    Perceptron(),
    PerceptronRegressor(),
    MLPClassifier((8,), solver="lbfgs", random_state=0, max_iter=300),
    MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", random_state=0, max_iter=300),
]
CLASSIFIER = ALL[2]
X, Y = IRIS


@pytest.mark.parametrize("model", ALL, ids=str)
def test_pipelines_and_cross_validation(model: Any) -> None:
    scores = cross_val_score(make_pipeline(StandardScaler(), model), X, Y, cv=3)
    assert scores.shape == (3,)
    if hasattr(model, "solver") and hasattr(model, "predict_proba"):
        assert scores.mean() > 0.9


@pytest.mark.parametrize("model", ALL, ids=str)
def test_a_pipeline_survives_pickling(model: Any) -> None:
    pipeline = make_pipeline(StandardScaler(), clone(model)).fit(X, Y)
    twin = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(twin.predict(X), pipeline.predict(X))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_grid_search_in_two_jobs(backend: str) -> None:
    import joblib

    search = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(random_state=0, max_iter=40)),
        {
            "mlpclassifier__hidden_layer_sizes": [(4,), (8, 4)],
            "mlpclassifier__learning_rate_init": [0.01, 0.1],
        },
        n_jobs=2,
        cv=3,
    )
    with joblib.parallel_backend(backend, n_jobs=2):
        search.fit(X, Y)
    serial = clone(search).set_params(n_jobs=1).fit(X, Y)
    assert search.best_score_ > 0.9
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"]
    )


def test_a_random_search_over_perceptrons() -> None:
    search = RandomizedSearchCV(
        Perceptron(penalty="elasticnet"),
        {"alpha": [1e-5, 1e-4, 1e-3], "l1_ratio": [0.1, 0.5]},
        n_iter=4,
        random_state=0,
        cv=3,
    )
    assert search.fit(X, Y).best_score_ > 0.6


def test_ensembles() -> None:
    one, two = clone(CLASSIFIER), clone(CLASSIFIER).set_params(random_state=1)
    voters = [("a", one), ("b", two), ("c", GaussianNB())]
    for ensemble in (
        VotingClassifier(voters, voting="soft"),
        StackingClassifier(voters, final_estimator=GaussianNB(), cv=3),
        BaggingClassifier(one, n_estimators=3, n_jobs=2, random_state=0),
        OneVsRestClassifier(one),
        CalibratedClassifierCV(Perceptron(), cv=3),
    ):
        assert ensemble.fit(X, Y).score(X, Y) > 0.85, ensemble
    boosted = AdaBoostRegressor(clone(ALL[3]), n_estimators=3, random_state=0).fit(X, Y)
    assert boosted.score(X, Y) > 0.8
    both = MultiOutputClassifier(one).fit(X, np.stack([Y, Y == 1], axis=1))
    assert both.predict(X).shape == (150, 2)


def test_inspection() -> None:
    model = clone(CLASSIFIER).fit(X, Y)
    importance = permutation_importance(model, X, Y, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() in (2, 3)
    assert partial_dependence(model, X, [2])["average"].shape[0] == 3
    assert RFE(Perceptron(random_state=0), n_features_to_select=2).fit(X, Y).support_.sum() == 2


@pytest.mark.parametrize("model", ALL, ids=str)
def test_data_frames(model: Any) -> None:
    frame, target = load_iris(return_X_y=True, as_frame=True)
    fitted = clone(model).fit(frame, target)
    np.testing.assert_array_equal(fitted.feature_names_in_, frame.columns)
    plain = clone(model).fit(X, Y)
    np.testing.assert_array_equal(fitted.predict(frame), plain.predict(X))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        fitted.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[frame.columns[::-1]])
    clone(model).fit(pl.from_pandas(frame), Y).predict(pl.from_pandas(frame))
    words = pd.Series(np.array(["a", "b", "c"])[Y])
    if "Classifier" in type(model).__name__ or isinstance(model, Perceptron):
        assert set(clone(model).fit(frame, words).predict(frame)) <= {"a", "b", "c"}


@pytest.mark.parametrize("model", ALL, ids=str)
def test_shown_in_a_notebook(model: Any) -> None:
    assert type(model).__name__ in model._repr_html_()
