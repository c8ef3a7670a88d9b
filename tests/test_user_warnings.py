"""Warnings point at the line of the user's from which pynn was called."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import pynn
from pynn import callbacks, layers, metrics, optimizers
from pynn.estimators import MLPRegressor, Perceptron

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)


def trained(*notified: Any) -> Any:
    model = pynn.Sequential([pynn.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=list(notified))
    return model


SHORT: dict[str, Any] = {"max_iter": 1, "random_state": 0}
SEARCH = GridSearchCV(MLPRegressor(**SHORT), {"alpha": [0.1]}, cv=2)
CASES: dict[str, Callable[[], Any]] = {
    "an older argument": lambda: optimizers.SGD(lr=0.1),
    "an older argument of a subclass": lambda: optimizers.AdamW(decay=0.1),
    "an older argument of a layer": lambda: layers.LeakyReLU(alpha=0.1),
    "an older method": lambda: trained().predict_proba(X),
    "nothing to monitor": lambda: trained(callbacks.EarlyStopping("val_los")),
    "nothing to save by": lambda: trained(
        callbacks.ModelCheckpoint(FOLDER[0] / "m.pynn", monitor="x", save_best_only=True)
    ),
    "too few samples": lambda: metrics.R2Score(num_regressors=30)(X, X),
    "no convergence": lambda: MLPRegressor(**SHORT).fit(X, Y),
    "no convergence in a pipeline": lambda: make_pipeline(MLPRegressor(**SHORT)).fit(X, Y),
    "no convergence in a search": lambda: SEARCH.fit(X, Y),
    "no convergence of a perceptron": lambda: Perceptron(max_iter=1, tol=1e-9).fit(X, Y > 2),
}
FOLDER: list[Path] = []


@pytest.mark.parametrize("name", CASES)
def test_the_line_is_the_user_s(name: str, tmp_path: Path) -> None:
    FOLDER[:] = [tmp_path]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CASES[name]()
    assert caught
    lines, first = inspect.getsourcelines(CASES[name])
    for each in caught:
        assert Path(each.filename) == Path(__file__)
        text = Path(__file__).read_text().splitlines()[each.lineno - 1]
        assert first <= each.lineno < first + len(lines) or "model.fit" in text
