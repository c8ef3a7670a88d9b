"""Validation rows of one's own, and what is recorded: history_, metrics, the best weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.metrics import balanced_accuracy_score, log_loss, mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from estimators.problems import CLASSIFICATION, IRIS
from pynn.estimators import MLPClassifier, MLPRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

BOTH = [MLPClassifier, MLPRegressor]
X, Y = IRIS
ORDER = np.random.default_rng(0).permutation(len(X))
TRAIN, HELD = ORDER[:100], ORDER[100:]
WEIGHT = np.random.default_rng(1).uniform(0.5, 2, len(X))
SMALL: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "random_state": 0,
    "max_iter": 6,
    "learning_rate_init": 0.01,
}
VALIDATION = (X[HELD], Y[HELD])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cls", BOTH)
def test_history_holds_what_the_model_has_at_the_end(cls: Any, weighted: bool) -> None:
    given = (*VALIDATION, WEIGHT[HELD]) if weighted else VALIDATION
    weight = given[2] if weighted else None
    model = cls(**SMALL).fit(X[TRAIN], Y[TRAIN], validation_data=given)
    history = model.history_
    assert list(history) == ["loss", "val_loss", "val_score"]
    assert {len(values) for values in history.values()} == {6}
    assert history["loss"] == model.loss_curve_
    assert history["val_score"][-1] == pytest.approx(model.score(*VALIDATION, weight), rel=1e-12)
    if cls is MLPClassifier:
        expected = log_loss(Y[HELD], model.predict_proba(X[HELD]), sample_weight=weight)
    else:
        errors = (model.predict(X[HELD]) - Y[HELD]) ** 2
        expected = 0.5 * np.average(errors, weights=weight)
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("cls", BOTH)
def test_validation_rows_do_not_change_the_training(cls: Any) -> None:
    plain = cls(**SMALL).fit(X[TRAIN], Y[TRAIN])
    watched = cls(**SMALL).fit(X[TRAIN], Y[TRAIN], validation_data=VALIDATION)
    np.testing.assert_array_equal(plain.coefs_[0], watched.coefs_[0])
    assert plain.validation_scores_ is watched.validation_scores_ is None
    assert list(plain.history_) == ["loss"]


@pytest.mark.parametrize("cls", BOTH)
def test_early_stopping_takes_them_instead_of_a_part(cls: Any) -> None:
    model = cls(**SMALL | {"max_iter": 200}, early_stopping=True, n_iter_no_change=3)
    model.fit(X[TRAIN], Y[TRAIN], validation_data=VALIDATION)
    assert model.t_ == 100 * model.n_iter_
    assert model.validation_scores_ == model.history_["val_score"]
    assert model.best_validation_score_ == pytest.approx(model.score(*VALIDATION), rel=1e-12)


def test_they_may_be_given_one_by_one() -> None:
    together = MLPClassifier(**SMALL).fit(
        X[TRAIN], Y[TRAIN], validation_data=(*VALIDATION, WEIGHT[HELD])
    )
    apart = MLPClassifier(**SMALL).fit(
        X[TRAIN], Y[TRAIN], X_val=X[HELD], y_val=Y[HELD], sample_weight_val=WEIGHT[HELD]
    )
    assert together.history_ == apart.history_


@pytest.mark.parametrize("cls", BOTH)
def test_metadata_routing_brings_them_through_a_pipeline(cls: Any) -> None:
    by_hand = cls(**SMALL)
    scaler = StandardScaler().fit(X[TRAIN])
    scaled = scaler.transform(X[HELD])
    by_hand.fit(scaler.transform(X[TRAIN]), Y[TRAIN], validation_data=(scaled, Y[HELD]))
    with sklearn.config_context(enable_metadata_routing=True):
        model = cls(**SMALL).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        pipeline.fit(X[TRAIN], Y[TRAIN], X_val=X[HELD], y_val=Y[HELD])
        assert pipeline[-1].history_ == by_hand.history_
        search = GridSearchCV(
            cls(**SMALL).set_fit_request(validation_data=True), {"alpha": [0.1]}, cv=2
        )
        search.fit(X, Y, validation_data=VALIDATION)
    assert len(search.best_estimator_.history_["val_loss"]) == 6


@pytest.mark.parametrize("problem", CLASSIFICATION)
def test_validation_labels_are_coded_as_the_others(problem: str) -> None:
    x, y = CLASSIFICATION[problem]
    model = MLPClassifier(**SMALL).fit(x[:200], y[:200], validation_data=(x[200:], y[200:]))
    expected = model.score(x[200:], y[200:])
    assert model.history_["val_score"][-1] == pytest.approx(expected)


@pytest.mark.parametrize("cls", BOTH)
def test_validation_targets_may_be_a_column(cls: Any) -> None:
    flat = cls(**SMALL).fit(X[TRAIN], Y[TRAIN], validation_data=VALIDATION)
    column = cls(**SMALL).fit(X[TRAIN], Y[TRAIN], validation_data=(X[HELD], Y[HELD, None]))
    assert column.history_ == flat.history_


def test_validation_indicators_may_be_sparse() -> None:
    y = np.eye(3, dtype=int)[Y]
    dense, sparse = (
        MLPClassifier(**SMALL).fit(X, y, validation_data=(X[HELD], held))
        for held in (y[HELD], sp.csr_matrix(y[HELD]))
    )
    assert sparse.history_ == dense.history_


def test_training_metrics_are_recorded_too() -> None:
    model = MLPClassifier(**SMALL, metrics=["accuracy", "sparse_top_k_categorical_accuracy"])
    model.fit(X[TRAIN], Y[TRAIN], validation_data=VALIDATION)
    history = model.history_
    assert set(history) == {
        "loss",
        "accuracy",
        "sparse_top_k_categorical_accuracy",
        "val_loss",
        "val_accuracy",
        "val_sparse_top_k_categorical_accuracy",
        "val_score",
    }
    assert history["val_accuracy"][-1] == pytest.approx(model.score(*VALIDATION))
    assert history["val_sparse_top_k_categorical_accuracy"] == [1.0] * 6  # of three classes
    still = MLPClassifier(**SMALL | {"learning_rate_init": 1e-300}, metrics="accuracy")
    still.fit(X[TRAIN], Y[TRAIN])
    assert still.history_["accuracy"][-1] == pytest.approx(still.score(X[TRAIN], Y[TRAIN]))


def test_metrics_do_not_change_the_training() -> None:
    plain = MLPRegressor(**SMALL).fit(X, Y)
    for metrics in (["mae"], ["R2Score"], "mae"):
        measured = MLPRegressor(**SMALL, metrics=metrics).fit(X, Y)
        np.testing.assert_array_equal(plain.coefs_[0], measured.coefs_[0])
        assert len(measured.history_) == 2


def own_scorer(estimator: Any, x: Any, y: Any, sample_weight: Any = None) -> float:
    return -mean_absolute_error(y, estimator.predict(x), sample_weight=sample_weight)


def test_the_score_may_be_another() -> None:
    words = np.array(["a", "b", "c"])[Y]
    model = MLPClassifier(**SMALL, validation_metric="balanced_accuracy")
    model.fit(X[TRAIN], words[TRAIN], validation_data=(X[HELD], words[HELD]))
    expected = balanced_accuracy_score(words[HELD], model.predict(X[HELD]))
    assert model.history_["val_score"][-1] == pytest.approx(expected)
    model = MLPRegressor(**SMALL, validation_metric=own_scorer, early_stopping=True)
    model.fit(X[TRAIN], Y[TRAIN], WEIGHT[TRAIN])
    assert max(model.validation_scores_) < 0
    with pytest.raises(ValueError, match="no such"):
        MLPRegressor(**SMALL, validation_metric="no such").fit(X, Y, validation_data=VALIDATION)


def test_scorers_do_not_ask_for_column_names() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier(**SMALL, validation_metric="accuracy")
    model.fit(frame, Y, validation_data=(frame, Y))
    assert list(model.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        model.fit(frame, Y, validation_data=(frame[list("dcba")], Y))


@pytest.mark.parametrize("validated", [False, True])
def test_the_best_weights_may_be_kept_without_stopping(validated: bool) -> None:
    given: dict[str, Any] = {**SMALL, "learning_rate_init": 0.3, "max_iter": 30, "tol": 0.0}
    validation = VALIDATION if validated else None
    model = MLPRegressor(**given, restore_best=True, n_iter_no_change=100)
    model.fit(X[TRAIN], Y[TRAIN], validation_data=validation)
    assert model.n_iter_ == 30
    if validated:
        assert model.score(*VALIDATION) == pytest.approx(max(model.history_["val_score"]))
        best = int(np.argmax(model.history_["val_score"]))
    else:
        best = int(np.argmin(model.loss_curve_))
    assert best < 29
    shorter = MLPRegressor(**given | {"max_iter": best + 1}).fit(X[TRAIN], Y[TRAIN])
    np.testing.assert_array_equal(shorter.coefs_[0], model.coefs_[0])


def test_early_stopping_may_keep_the_last_weights() -> None:
    given: dict[str, Any] = {**SMALL, "learning_rate_init": 0.3, "early_stopping": True}
    model = MLPRegressor(**given, restore_best=False, n_iter_no_change=1, tol=0.5)
    model.fit(X[TRAIN], Y[TRAIN], validation_data=VALIDATION)
    assert model.score(*VALIDATION) == pytest.approx(model.validation_scores_[-1])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"validation_data": X}, r"validation_data must be a tuple \(X, y\) or"),
        ({"validation_data": (X,)}, r"validation_data must be a tuple \(X, y\) or"),
        ({"X_val": X}, "X_val and y_val must be given together"),
        ({"sample_weight_val": WEIGHT}, "X_val and y_val must be given together"),
        ({"validation_data": (X, Y), "X_val": X, "y_val": Y}, "Give either validation_data or"),
        ({"validation_data": (X[:, :2], Y)}, "X has 2 features, but .* is expecting 4 features"),
        ({"validation_data": (X, Y[:-1])}, "inconsistent numbers of samples"),
        ({"validation_data": (X * np.nan, Y)}, "contains NaN"),
        ({"validation_data": (X, Y, WEIGHT[:-1])}, "sample_weight"),
    ],
)
@pytest.mark.parametrize("cls", BOTH)
def test_wrong_validation_rows_are_refused(cls: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cls(**SMALL).fit(X, Y, **given)


def test_validation_targets_are_checked() -> None:
    with pytest.raises(ValueError, match="y_val has classes that y has not"):
        MLPClassifier(**SMALL).fit(X, Y, validation_data=(X, Y + 1))
    with pytest.raises(ValueError, match="y_val must have 1 outputs. Got 2 instead"):
        MLPRegressor(**SMALL).fit(X, Y, validation_data=(X, np.stack([Y, Y], axis=1)))
    with pytest.raises(ValueError, match="y must be >= 0 for the loss 'poisson'"):
        MLPRegressor("poisson", **SMALL).fit(X, Y, validation_data=(X, Y - 1.0))
