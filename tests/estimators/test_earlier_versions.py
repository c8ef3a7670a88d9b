"""Estimators that version 0.1.0 has pickled and saved: they predict the same, and go on training.

saved_by_0_1_0.zip holds what `FITTED` made in that version.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from sklearn.base import clone

import pynn

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning"),
]

FILES = Path(__file__).with_name("saved_by_0_1_0.zip")
X = np.sin(np.arange(60.0)).reshape(20, 3)
MANY = np.arange(20) % 3
TEXTS = np.where(X[:, 0] > 0, "yes", "no")
NUMBERS = X @ [1.0, -2.0, 0.5]
MLP: dict[str, Any] = {"hidden_layer_sizes": (3,), "random_state": 0, "max_iter": 3}
FITTED: dict[str, tuple[Any, np.ndarray]] = {
    "adam": (
        pynn.MLPClassifier(**MLP, ema_momentum=0.9, dropout=0.25, batch_norm=True),
        MANY,
    ),
    "early_stopping": (
        pynn.MLPClassifier(**MLP, early_stopping=True, validation_fraction=0.2),
        TEXTS,
    ),
    "columns": (pynn.MLPClassifier(**MLP, restore_best=True), np.column_stack([MANY, MANY == 1])),
    "adaptive": (
        pynn.MLPRegressor(
            **MLP | {"max_iter": 9},
            solver="sgd",
            learning_rate="adaptive",
            tol=0.5,
            n_iter_no_change=2,
        ),
        NUMBERS,
    ),
    "perceptron": (pynn.Perceptron(random_state=0, max_iter=4), TEXTS),
    "perceptron_regressor": (pynn.PerceptronRegressor(random_state=0, max_iter=4), NUMBERS),
}
# The bits are the same on the instruction set on which the files were made.
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def loaded(name: str, kind: str, tmp_path: Path) -> Any:
    with ZipFile(FILES) as files:
        if kind == "pickle":
            return pickle.loads(files.read(f"{name}.pickle"))
        return pynn.load(files.extract(f"{name}.pynn", tmp_path))


def same(ours: Any, theirs: Any) -> None:
    for name in ("coefs_", "intercepts_", "coef_", "intercept_", "loss_curve_"):
        for a, b in zip(getattr(ours, name, ()), getattr(theirs, name, ()), strict=True):
            np.testing.assert_allclose(a, b, **CLOSE)
    if hasattr(ours, "classes_"):
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    else:
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), **CLOSE)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)


@pytest.mark.parametrize("kind", ["pickle", "pynn"])
@pytest.mark.parametrize("name", FITTED)
def test_they_predict_and_go_on_as_what_is_fitted_today(
    name: str, kind: str, tmp_path: Path
) -> None:
    model, y = FITTED[name]
    model = clone(model).set_params(warm_start=True).fit(X, y)
    before = loaded(name, kind, tmp_path)
    same(before, model)
    for _ in range(2):
        same(before.fit(X, y), model.fit(X, y))
        before = pickle.loads(pickle.dumps(before))
