"""Classifiers of several columns that are each of several classes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

import pynn
from estimators.problems import IRIS
from pynn.estimators import MLPClassifier

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, SPECIES = IRIS
LARGE = (X[:, 0] > 5.8).astype(int)
COLUMNS = np.stack([SPECIES, LARGE + 10], axis=1)
WORDS = np.stack(
    [np.array(["setosa", "versicolor", "virginica"])[SPECIES], np.array(["no", "yes"])[LARGE]], 1
)
MIXED = np.empty((150, 2), dtype=object)
MIXED[:, 0], MIXED[:, 1] = WORDS[:, 0], LARGE
KINDS = {"numbers": COLUMNS, "words": WORDS, "objects": MIXED}
GIVEN: dict[str, Any] = {
    "hidden_layer_sizes": (20,),
    "random_state": 0,
    "max_iter": 200,
    "learning_rate_init": 0.02,
}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_column_is_learned(kind: str, solver: str) -> None:
    y = KINDS[kind]
    model = MLPClassifier(**GIVEN, solver=solver).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == (150, 2)
    assert ((predicted == y).mean(axis=0) > 0.93).all()
    assert model.score(X, y) == pytest.approx((predicted == y).all(axis=1).mean())
    assert [list(c) for c in model.classes_] == [sorted(set(y[:, j])) for j in range(2)]
    probabilities = model.predict_proba(X)
    assert [p.shape for p in probabilities] == [(150, 3), (150, 2)]
    for j, p in enumerate(probabilities):
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(model.classes_[j][p.argmax(axis=1)], predicted[:, j])
        with np.errstate(divide="ignore"):
            np.testing.assert_array_equal(model.predict_log_proba(X)[j], np.log(p))
    assert (model.n_outputs_, model.out_activation_) == (4, ["softmax", "logistic"])
    assert [c.shape for c in model.coefs_] == [(4, 20), (20, 3), (20, 1)]


def test_objects_that_are_numbers_are_taken_as_numbers() -> None:
    given = GIVEN | {"max_iter": 2}
    found = MLPClassifier(**given).fit(X, COLUMNS.astype(object))
    plain = MLPClassifier(**given).fit(X, COLUMNS)
    np.testing.assert_array_equal(found.coefs_[1], plain.coefs_[1])
    assert found.predict(X).tolist() == plain.predict(X).tolist()


def test_the_loss_is_the_sum_of_both() -> None:
    still = {**GIVEN, "solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1, "alpha": 0.0}
    model = MLPClassifier(**still).fit(X, COLUMNS)
    expected = sum(log_loss(COLUMNS[:, j], p) for j, p in enumerate(model.predict_proba(X)))
    assert model.loss_ == pytest.approx(expected, rel=1e-9)


def test_early_stopping_and_weights() -> None:
    weight = np.random.default_rng(0).uniform(0, 2, 150)
    model = MLPClassifier(**GIVEN, early_stopping=True, metrics=["accuracy"])
    model.fit(X, COLUMNS, weight, validation_data=(X, COLUMNS, weight))
    assert model.best_validation_score_ == pytest.approx(model.score(X, COLUMNS, weight))
    best = int(np.argmax(model.validation_scores_))
    right = (model.predict(X) == COLUMNS).mean(axis=0)
    for j, name in enumerate(("val_output_1_accuracy", "val_output_2_accuracy")):
        assert model.history_[name][best] == pytest.approx(right[j])


def test_partial_fit_takes_a_list_of_classes() -> None:
    whole = MLPClassifier(**GIVEN | {"max_iter": 3}).fit(X, COLUMNS)
    parts = MLPClassifier(**GIVEN)
    for _ in range(3):
        parts.partial_fit(X, COLUMNS, classes=[[0, 1, 2], [10, 11]])
    for a, b in zip(whole.coefs_, parts.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    first = parts.partial_fit(X[:10], COLUMNS[:10])
    assert first.predict(X).shape == (150, 2)
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        parts.partial_fit(X, COLUMNS, classes=[[0, 1, 2], [10, 12]])
    with pytest.raises(ValueError, match="`y` has classes not in `self.classes_`"):
        parts.partial_fit(X, COLUMNS + 1)
    with pytest.raises(ValueError, match="y must have 2 columns of labels"):
        parts.partial_fit(X, SPECIES)


def test_a_warm_start_wants_the_same_columns() -> None:
    model = MLPClassifier(**GIVEN | {"max_iter": 2}, warm_start=True).fit(X, COLUMNS)
    model.fit(X, COLUMNS)
    assert len(model.loss_curve_) == 4
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        model.fit(X, np.minimum(COLUMNS, 10))


@pytest.mark.parametrize("way", ["pickle", "file"])
@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_copies_are_the_same(kind: str, way: str, tmp_path: Path) -> None:
    model = MLPClassifier(**GIVEN | {"max_iter": 3}).fit(X, KINDS[kind])
    if way == "pickle":
        twin = pickle.loads(pickle.dumps(model))
    else:
        model.save(tmp_path / "model.pynn")
        twin = pynn.load(tmp_path / "model.pynn")
    assert (twin.predict(X) == model.predict(X)).all()
    for a, b in zip(twin.predict_proba(X), model.predict_proba(X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_indicators_stay_labels_that_hold_together() -> None:
    both = np.stack([SPECIES == 1, LARGE == 1], axis=1).astype(int)
    model = MLPClassifier(**GIVEN | {"max_iter": 3}).fit(X, both)
    assert model.predict_proba(X).shape == (150, 2)
    np.testing.assert_array_equal(model.classes_, [0, 1])


@pytest.mark.parametrize(("low", "high"), [(1, 2), (-1, 1), (0, 2), (-1.0, 1.0)])
def test_two_numbers_that_are_not_0_and_1_are_classes_of_columns(low: Any, high: Any) -> None:
    y = np.where(np.stack([SPECIES == 0, LARGE == 1], axis=1), high, low)
    model = MLPClassifier(**GIVEN).fit(X, y)
    assert [list(c) for c in model.classes_] == [[low, high]] * 2
    assert model.score(X, y) > 0.9
    with pytest.raises(ValueError, match="must have zeros and ones"):
        pynn.Perceptron().fit(X, y)
    with pytest.raises(ValueError, match="must have zeros and ones"):
        MLPClassifier(**GIVEN).partial_fit(X, y, classes=[low, high])
    indicators = (y == high).astype(int)
    known = MLPClassifier(**GIVEN | {"max_iter": 2}, warm_start=True).fit(X, indicators)
    with pytest.raises(ValueError, match="must have zeros and ones"):
        known.fit(X, y)


def test_scores_are_of_as_many_columns_and_rows() -> None:
    model = MLPClassifier(**GIVEN | {"max_iter": 2}).fit(X, COLUMNS)
    for x, y in ((X, COLUMNS[:, :1]), (X, COLUMNS[:1]), (X[:2], [0, 1])):
        with pytest.raises(ValueError, match="y must have the shape .* of the predictions"):
            model.score(x, y)
    with pytest.raises(ValueError, match="sample_weight"):
        model.score(X, COLUMNS, np.ones(3))
