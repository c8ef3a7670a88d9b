"""Weights of classes: as many copies of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.utils import compute_sample_weight

from estimators.problems import CLASSIFICATION, IRIS
from pynn.estimators import MLPClassifier

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

SMALL: dict[str, Any] = {"random_state": 0, "max_iter": 4, "batch_size": 32}
X, Y = IRIS
UNEVEN = np.r_[0:50, 50:70, 100:105]
X, Y = X[UNEVEN], Y[UNEVEN]
LABELS = CLASSIFICATION["multilabel"]
COLUMNS = np.stack([Y, np.arange(len(Y)) % 3], axis=1)
CASES: dict[str, tuple[Any, Any, Any]] = {
    "balanced": (X, Y, "balanced"),
    "dict": (X, Y, {0: 0.5, 2: 7.0}),
    "words": (X, np.array(["a", "b", "c"])[Y], {"a": 1.5, "b": 2.0, "c": 1.0}),
    "two classes": (X, Y > 0, {False: 0.1, True: 2.0}),
    "labels, balanced": (*LABELS, "balanced"),
    "labels": (*LABELS, [{1: 3.0, 0: 1.0}, {0: 2.0, 1: 1.0}, {1: 0.5, 0: 1.0}]),
    "columns": (X, COLUMNS, [{0: 2.0, 1: 1.0, 2: 1.0}, "balanced"]),
    "one of two columns": (X, COLUMNS, [None, {0: 1.0, 1: 2.0, 2: 0.5}]),
}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("name", CASES)
def test_they_are_sample_weights(name: str, solver: str) -> None:
    x, y, class_weight = CASES[name]
    by_class = MLPClassifier((6,), class_weight=class_weight, solver=solver, **SMALL).fit(x, y)
    full = class_weight
    if name == "dict":
        full = {0: 0.5, 1: 1.0, 2: 7.0}
    elif name == "one of two columns":
        full = [dict.fromkeys(range(3), 1.0), class_weight[1]]
    weight = compute_sample_weight(full, y)
    by_row = MLPClassifier((6,), solver=solver, **SMALL).fit(x, y, weight)
    for a, b in zip(by_class.coefs_, by_row.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_balanced_weights_take_sample_weights_into_account() -> None:
    rows = np.r_[: len(Y), :20, :5]
    weight = np.bincount(rows, minlength=len(Y)).astype(float)
    weighted, repeated = (
        MLPClassifier((6,), class_weight="balanced", solver="lbfgs", random_state=0, max_iter=8)
        for _ in range(2)
    )
    weighted.fit(X, Y, weight)
    repeated.fit(X[rows], Y[rows])
    for a, b in zip(weighted.coefs_, repeated.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


def test_the_score_of_early_stopping_does_not_weigh_classes() -> None:
    given: dict[str, Any] = {**SMALL, "early_stopping": True, "validation_fraction": 0.5}
    model = MLPClassifier((6,), class_weight={0: 1e-6}, **given).fit(X, Y, validation_data=(X, Y))
    assert model.validation_scores_[-1] == pytest.approx(model.score(X, Y)) or max(
        model.validation_scores_
    ) == pytest.approx(model.score(X, Y))


def test_partial_fit_takes_dicts() -> None:
    weight = {0: 0.5, 1: 1.0, 2: 7.0}
    whole = MLPClassifier((6,), class_weight=weight, **SMALL).fit(X, Y)
    parts = MLPClassifier((6,), class_weight=weight, **SMALL)
    for _ in range(4):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    np.testing.assert_array_equal(whole.coefs_[0], parts.coefs_[0])
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported for partial"):
        parts.set_params(class_weight="balanced").partial_fit(X, Y)


@pytest.mark.parametrize(
    ("y", "class_weight", "message"),
    [
        (Y, "even", "The 'class_weight' parameter of MLPClassifier must be"),
        (Y, {0: 1.0, 5: 2.0}, r"The classes, \[1, 2\], are not in class_weight"),
        (Y, {0: -1.0}, "class_weight must hold finite numbers that are not negative"),
        (Y, {1: np.nan}, "class_weight must hold finite numbers that are not negative"),
        (COLUMNS, {0: 1.0}, "the number of elements in class_weight should match"),
        (COLUMNS, [{0: 1.0}], "the number of elements in class_weight should match"),
    ],
)
def test_wrong_weights_are_refused(y: Any, class_weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier((6,), class_weight=class_weight, **SMALL).fit(X, y)
