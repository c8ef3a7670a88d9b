"""Odd sequences of calls, parameters and weights: what scikit-learn's own estimators make of them.

Each row is done to scikit-learn's estimator and to pynn's, as `test_errors` does for odd data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from estimators.outcomes import PAIRS, X, Y, compare, outcome
from estimators.sklearn_abilities import MLPS_WEIGH_ROWS

pytestmark = [pytest.mark.filterwarnings("ignore")]

FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


def classes(model: Any) -> dict[str, Any]:
    return {"classes": [0, 1]} if hasattr(model, "classes") or is_classifier(model) else {}


def is_classifier(model: Any) -> bool:
    return type(model).__name__ in ("MLPClassifier", "Perceptron")


def begun(model: Any) -> Any:
    return model.partial_fit(X, Y, **classes(model))


# What is done to a new estimator; what comes of it is compared.
CALLS: dict[str, Callable[[Any], Any]] = {
    "predict before fit": lambda m: m.predict(X),
    "score before fit": lambda m: m.score(X, Y),
    "predict a row of one axis": lambda m: m.fit(X, Y).predict(X[0]),
    "predict too few columns": lambda m: m.fit(X, Y).predict(X[:, :2]),
    "predict too many sparse columns": lambda m: m.fit(X, Y).predict(sp.csr_matrix((2, 9))),
    "predict another order of columns": lambda m: m.fit(FRAME, Y).predict(FRAME[["b", "a", "c"]]),
    "predict other columns": lambda m: m.fit(FRAME, Y).predict(FRAME.set_axis(list("abd"), axis=1)),
    "predict a frame with a column less": lambda m: m.fit(FRAME, Y).predict(FRAME[["a", "b"]]),
    "predict no rows": lambda m: m.fit(X, Y).predict(X[:0]),
    "predict huge values": lambda m: m.fit(X, Y).predict(np.full((2, 3), 1e300)),
    "predict float16": lambda m: m.fit(X, Y).predict(X.astype(np.float16)),
    "predict big-endian": lambda m: m.fit(X, Y).predict(X.astype(">f4")),
    "score too few targets": lambda m: m.fit(X, Y).score(X, Y[:3]),
    "score with weights of another length": lambda m: m.fit(X, Y).score(X, Y, np.ones(3)),
    "fit again with other columns": lambda m: m.fit(X, Y).fit(X[:, :2], Y).predict(X[:, :2]),
    "partial_fit": lambda m: begun(m).predict(X),
    "partial_fit twice": lambda m: begun(begun(m)).predict(X),
    "partial_fit with other columns": lambda m: begun(m).partial_fit(X[:, :2], Y),
    "partial_fit with other names": lambda m: begun(m.fit(FRAME, Y)).partial_fit(X, Y),
    "partial_fit of no rows": lambda m: begun(m).partial_fit(X[:0], Y[:0]),
    "partial_fit of NaN": lambda m: begun(m).partial_fit(np.full((2, 3), np.nan), [0, 1]),
    "partial_fit of other lengths": lambda m: begun(m).partial_fit(X, Y[:4]),
    "partial_fit with early stopping": lambda m: begun(m.set_params(early_stopping=True)),
    "partial_fit after fit": lambda m: m.fit(X, Y).partial_fit(X, Y).predict(X),
    "a parameter that there is not": lambda m: m.set_params(units=3),
    "negative max_iter": lambda m: m.set_params(max_iter=-1).fit(X, Y),
    "tol of NaN": lambda m: m.set_params(tol="small").fit(X, Y),
    "negative alpha": lambda m: m.set_params(alpha=-1.0).fit(X, Y),
    "a random_state that is none": lambda m: m.set_params(random_state=-1).fit(X, Y),
    "verbose of text": lambda m: m.set_params(verbose="yes").fit(X, Y),
    "early stopping with one row": lambda m: m.set_params(early_stopping=True).fit(X[:1], Y[:1]),
    "validation_fraction of 1": lambda m: m.set_params(
        early_stopping=True, validation_fraction=1.0
    ).fit(X, Y),
    "warm start with other columns": lambda m: (
        m.set_params(warm_start=True).fit(X, Y).fit(X[:, :2], Y)
    ),
}
if MLPS_WEIGH_ROWS:  # those that do not do not look at the size of the validation set either
    CALLS["early stopping with two rows"] = lambda m: m.set_params(early_stopping=True).fit(
        X[:2], Y[:2]
    )
ONLY_CLASSIFIERS: dict[str, Callable[[Any], Any]] = {
    "partial_fit without classes": lambda m: m.partial_fit(X, Y),
    "partial_fit with a new label": lambda m: begun(m).partial_fit(X, Y + 1),
    "partial_fit with other classes": lambda m: begun(m).partial_fit(X, Y, classes=[0, 1, 2]),
    "partial_fit with a label not in classes": lambda m: m.partial_fit(X, Y + 5, classes=[0, 1]),
    "partial_fit with words": lambda m: begun(m).partial_fit(X, np.where(Y == 1, "a", "b")),
    "partial_fit of one of the classes": lambda m: m.partial_fit(
        X, np.zeros(12, int), classes=[0, 1]
    ).predict(X),
    "score words": lambda m: m.fit(X, Y).score(X, np.where(Y == 1, "a", "b")),
}
WEIGHTS: dict[str, Any] = {
    "weights of another length": np.ones(11),
    "weights of two axes": np.ones((12, 2)),
    "weights with NaN": np.full(12, np.nan),
    "weights with infinity": np.full(12, np.inf),
    "weights of words": "heavy",
    "weights all zero": np.zeros(12),
    "negative weights": -np.ones(12),
    "some weights zero": (np.arange(12) % 3 > 0).astype(float),
    "a number for all": 2.0,
    "integer weights": np.arange(1, 13),
    "bool weights": np.arange(12) % 3 > 0,
    "a list of weights": [1.0] * 12,
    "float32 weights": np.ones(12, np.float32),
}
WEIGHING = [name for name in PAIRS if MLPS_WEIGH_ROWS or "MLP" not in name]


def compare_calls(name: str, call: Callable[[Any], Any]) -> None:
    mine, other = (outcome(lambda make=make: call(make())) for make in PAIRS[name])
    compare(mine, other)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("row", CALLS)
def test_calls_end_as_scikit_learns_do(row: str, name: str) -> None:
    compare_calls(name, CALLS[row])


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("x", [1e200 * X, (1e30 * X).astype(np.float32)], ids=["1e200", "1e30"])
def test_huge_values_train_or_are_named_as_the_reason(x: np.ndarray, name: str) -> None:
    """Which of the two depends on the order in which squares of gradients are added up."""
    mine = outcome(lambda: PAIRS[name][0]().fit(x, Y))
    if isinstance(mine, Exception):
        assert isinstance(mine, ValueError)
        assert "data may contain large values" in str(mine) or "overflow" in str(mine)
    else:
        assert np.isfinite(mine.predict(X)).all()


@pytest.mark.parametrize("name", PAIRS)
def test_what_fit_takes_predict_takes(name: str) -> None:
    """scikit-learn's fit converts dates to numbers, its predict does not."""
    dates = (100 * X).astype("datetime64[s]")
    model = PAIRS[name][0]().fit(dates, Y)
    np.testing.assert_array_equal(model.predict(dates), model.predict(dates.astype(float)))


@pytest.mark.parametrize("name", ["MLPClassifier", "Perceptron"])
@pytest.mark.parametrize("row", ONLY_CLASSIFIERS)
def test_calls_of_classifiers_end_as_scikit_learns_do(row: str, name: str) -> None:
    compare_calls(name, ONLY_CLASSIFIERS[row])


@pytest.mark.parametrize("name", WEIGHING)
@pytest.mark.parametrize("row", WEIGHTS)
def test_weights_are_taken_as_scikit_learn_takes_them(row: str, name: str) -> None:
    weight = WEIGHTS[row]
    compare_calls(name, lambda model: model.fit(X, Y, sample_weight=weight).predict(X))


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("mode", ["r", "c"])
def test_a_memory_map_is_an_array_like_any(name: str, mode: Any, tmp_path: Path) -> None:
    written = np.memmap(tmp_path / "x", dtype=float, mode="w+", shape=X.shape)
    written[:] = X
    written.flush()
    mapped = np.memmap(tmp_path / "x", dtype=float, mode=mode, shape=X.shape)
    results = [PAIRS[name][0]().fit(x, Y).predict(x) for x in (mapped, X)]
    np.testing.assert_array_equal(*results)
    compare_calls(name, lambda model: model.fit(mapped, Y).predict(mapped))
    np.testing.assert_array_equal(mapped, X)
