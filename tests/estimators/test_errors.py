"""Odd inputs, and what scikit-learn's own estimators make of them: the same kind of error.

Each row of the tables is tried on scikit-learn's estimator and on pynn's; where one accepts, the
other has to, and where one raises, the other has to raise that type and say the same thing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from estimators.outcomes import PAIRS, X, Y, compare, outcome
from estimators.sklearn_abilities import MLPS_WEIGH_ROWS
from pynn.estimators import MLPClassifier

pytestmark = [pytest.mark.filterwarnings("ignore")]

CLASSIFIERS = ("Perceptron", "MLPClassifier")


def with_value(value: Any, dtype: Any = float) -> np.ndarray:
    x = X.astype(dtype)
    x[3, 1] = value
    return x


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def wide_indices(x: np.ndarray) -> Any:
    matrix = sp.csr_matrix(x)
    matrix.indices, matrix.indptr = (
        index.astype(np.int64) for index in (matrix.indices, matrix.indptr)
    )
    return matrix


def entries_twice() -> Any:
    return sp.csr_matrix(
        (np.ones(24), np.repeat(np.arange(12) % 3, 2), np.arange(0, 25, 2)), shape=(12, 3)
    )


def unsorted(x: np.ndarray) -> Any:
    matrix = sp.csr_matrix(x)
    return sp.csr_matrix(
        (matrix.data[::-1].copy(), matrix.indices[::-1].copy(), matrix.indptr), shape=x.shape
    )


FIT: dict[str, tuple[Any, Any]] = {
    "NaN in X": (with_value(np.nan), Y),
    "infinity in X": (with_value(np.inf), Y),
    "float32 infinity in X": (with_value(-np.inf, np.float32), Y),
    "X too large for float32": (with_value(1e50, object), Y),
    "NaN in sparse X": (sp.csr_matrix(with_value(np.nan)), Y),
    "X of one axis": (X[:, 0], Y),
    "X of three axes": (X[:, :, None], Y),
    "X a number": (1.0, Y),
    "X of no rows": (X[:0], Y[:0]),
    "X of no columns": (X[:, :0], Y),
    "X of words": (np.full((12, 3), "word"), Y),
    "X of number words": (X.astype(str), Y),
    "X of objects": (X.astype(object), Y),
    "X of complex numbers": (X + 1j, Y),
    "X a ragged list": ([[1.0, 2.0], [3.0]], [0, 1]),
    "X a list": (X.tolist(), Y.tolist()),
    "X of bools": (X > 0, Y),
    "X of integers": ((10 * X).astype(int), Y),
    "X Fortran-ordered": (np.asfortranarray(X), Y),
    "X big-endian": (X.astype(">f8"), Y),
    "X strided": (np.repeat(X, 2, axis=0)[::2], Y),
    "X None": (None, Y),
    "X a COO matrix": (sp.coo_matrix(X), Y),
    "y None": (X, None),
    "NaN in y": (X, np.where(Y == 1, np.nan, 0.0)),
    "infinity in y": (X, np.where(Y == 1, np.inf, 0.0)),
    "y too short": (X, Y[:-1]),
    "y too long": (X, np.append(Y, 0)),
    "y of no rows": (X, Y[:0]),
    "y of three axes": (X, Y[:, None, None]),
    "y a column": (X, Y[:, None]),
    "y of words": (X, np.where(Y == 1, "yes", "no")),
    "y of word objects": (X, np.where(Y == 1, "yes", "no").astype(object)),
    "y of mixed objects": (X, np.array([1, "a"] * 6, dtype=object)),
    "y of None and words": (X, np.array([None, "a"] * 6, dtype=object)),
    "y of bools": (X, Y == 1),
    "y of complex numbers": (X, Y + 1j),
    "y a list of lists": (X, [[1, 2], [3]] * 6),
    "one row": (X[:1], Y[:1]),
    "X of float16": (X.astype(np.float16), Y),
    "X of long doubles": (X.astype(np.longdouble), Y),
    "X of dates": (X.astype("datetime64[s]"), Y),
    "X of durations": (X.astype("timedelta64[s]"), Y),
    "X of records": (np.zeros(12, [("a", float), ("b", float)]), Y),
    "X of bytes": (np.full((12, 3), b"1.5"), Y),
    "X of objects with None": (with_value(None, object), Y),
    "X of objects that are lists": (with_value([], object), Y),
    "X read-only": (read_only(X), Y),
    "X masked, with all there": (np.ma.masked_less(X, -1e9), Y),  # others: see tests/reliability
    "X reversed": (X[::-1, ::-1], Y),
    "X a matrix": (np.asarray(X).view(np.matrix), Y),
    "X a dict": ({"a": X[:, 0]}, Y),
    "X a set": ({1.0, 2.0}, Y),
    "X a generator": ((row for row in X), Y),
    "X a string": ("abc", Y),
    "X a series": (pd.Series(X[:, 0]), Y),
    "X a frame": (pd.DataFrame(X, columns=list("abc")), pd.Series(Y)),
    "X a frame of mixed columns": (pd.DataFrame({"a": X[:, 0], "b": ["x"] * 12}), Y),
    "X a frame of mixed names": (pd.DataFrame(X, columns=["a", "b", 3]), Y),
    "X a frame with NA": (pd.DataFrame({"a": pd.array([1, pd.NA] * 6, "Int64")}), Y),
    "X a frame of categories": (pd.DataFrame({"a": pd.Categorical(list("ab") * 6)}), Y),
    "X constant": (np.ones((12, 3)), Y),
    "X all zeros": (np.zeros((12, 3)), Y),
    "X subnormal": (5e-324 * np.ones((12, 3)), Y),
    "X sparse of bools": (sp.csr_array(X > 0), Y),
    "X sparse of integers": (sp.csc_matrix((10 * X).astype(int)), Y),
    "X sparse of complex numbers": (sp.csr_matrix(X + 1j), Y),
    "X sparse of no entries": (sp.csr_matrix((12, 3)), Y),
    "X sparse of no columns": (sp.csr_matrix((12, 0)), Y),
    "X sparse with an entry twice": (entries_twice(), Y),
    "X sparse and unsorted": (unsorted(X), Y),
    "y of one class": (X, np.ones(12, int)),
    "y of dates": (X, Y.astype("datetime64[D]")),
    "y a frame": (X, pd.DataFrame({"y": Y})),
    "y of categories": (X, pd.Series(np.where(Y == 1, "yes", "no"), dtype="category")),
    "y a set": (X, {0, 1}),
    "y a string": (X, "abc"),
    "y a number": (X, 1),
    "y sparse": (X, sp.csr_matrix(Y[:, None])),
    "y of halves": (X, Y / 2),
    "y of large integers": (X, Y + 2**40),
    "y of objects that are numbers": (X, Y.astype(object)),
    "y read-only": (X, read_only(Y)),
    "y reversed": (X, Y[::-1]),
    "y big-endian": (X, Y.astype(">i8")),
}
# y that scikit-learn's linear models do not take but pynn's do: a layer of units. Of its MLPs the
# classifier takes no columns that are each of several classes.
ONLY_ONE_COLUMN = ("Perceptron", "PerceptronRegressor")
TWO_COLUMNS = {
    "y of two columns": (X, np.stack([Y, 1 - Y], axis=1)),
    "y of many numbers in two columns": (X, np.stack([Y + 2, Y * 3], axis=1)),
}
PREDICT: dict[str, Any] = {
    "NaN": with_value(np.nan),
    "infinity": with_value(np.inf),
    "float32 NaN": with_value(np.nan, np.float32),
    "one axis": X[0],
    "three axes": X[None],
    "no rows": X[:0],
    "a column less": X[:, :2],
    "a column more": np.hstack([X, X]),
    "words": np.full((2, 3), "word"),
    "a list": X.tolist(),
    "float16": X.astype(np.float16),
    "integers": (10 * X).astype(int),
    "float32": X.astype(np.float32),
    "large numbers": 1e200 * X,
    "Fortran order": np.asfortranarray(X),
    "every second row": X[::2],
    "sparse": sp.csr_matrix(X),
    "sparse NaN": sp.csr_matrix(with_value(np.nan)),
    "None": None,
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("row", FIT)
def test_fit_takes_what_scikit_learn_takes(row: str, name: str) -> None:
    x, y = FIT[row]
    mine, other = (outcome(lambda make=make: make().fit(x, y)) for make in PAIRS[name])
    compare(mine, other)
    if not isinstance(other, Exception):
        compare(
            *(
                outcome(lambda model=model: model.predict(X[:, : model.n_features_in_]))
                for model in (mine, other)
            )
        )


@pytest.mark.parametrize("name", PAIRS)
def test_sparse_rows_may_have_wide_indices(name: str) -> None:
    """scikit-learn's linear models refuse them."""
    wide, narrow = wide_indices(X), sp.csr_matrix(X)
    assert wide.indices.dtype.itemsize > narrow.indices.dtype.itemsize
    found = [PAIRS[name][0]().fit(x, Y).predict(x) for x in (wide, narrow)]
    np.testing.assert_array_equal(*found)
    assert wide.indices.dtype == np.int64


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("row", TWO_COLUMNS)
def test_fit_takes_several_columns(row: str, name: str) -> None:
    x, y = TWO_COLUMNS[row]
    mine, other = (outcome(lambda make=make: make().fit(x, y)) for make in PAIRS[name])
    if name == "MLPClassifier" and "many" in row:
        assert not isinstance(mine, Exception) and isinstance(other, ValueError)
    elif name not in ONLY_ONE_COLUMN:
        compare(mine, other)
    elif name in CLASSIFIERS and "many" in row:
        assert isinstance(mine, ValueError)
    else:
        assert not isinstance(mine, Exception) and isinstance(other, Exception)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("row", PREDICT)
def test_predict_takes_what_scikit_learn_takes(row: str, name: str) -> None:
    x = PREDICT[row]
    mine, other = (make().fit(X, Y) for make in PAIRS[name])
    compare(outcome(lambda: mine.predict(x)), outcome(lambda: other.predict(x)))


@pytest.mark.parametrize("name", PAIRS)
def test_an_unfitted_estimator_says_so(name: str) -> None:
    mine, other = (outcome(lambda make=make: make().predict(X)) for make in PAIRS[name])
    assert type(mine) is type(other)
    assert "not fitted yet" in str(mine)


@pytest.mark.parametrize("weight", [np.ones(11), np.full(12, np.nan), np.ones((12, 2)), "x"])
@pytest.mark.parametrize("name", [n for n in PAIRS if MLPS_WEIGH_ROWS or "MLP" not in n])
def test_sample_weights_are_checked(name: str, weight: Any) -> None:
    mine, other = (
        outcome(lambda make=make: make().fit(X, Y, sample_weight=weight)) for make in PAIRS[name]
    )
    assert isinstance(mine, type(other))


PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "MLP": [
        {"hidden_layer_sizes": -1},
        {"hidden_layer_sizes": (3, 0)},
        {"hidden_layer_sizes": "many"},
        {"activation": "no such"},
        {"activation": "threshold"},  # it needs arguments
        {"solver": "no such"},
        {"alpha": -1},
        {"batch_size": 0},
        {"batch_size": "all"},
        {"learning_rate": "falling"},
        {"learning_rate_init": 0},
        {"max_iter": 0},
        {"max_iter": 2.5},
        {"shuffle": "yes"},
        {"random_state": "seed"},
        {"tol": -1e-3},
        {"momentum": 1.5},
        {"validation_fraction": 1.0},
        {"beta_1": 1.0},
        {"epsilon": 0},
        {"n_iter_no_change": 0},
        {"max_fun": 0},
    ],
    "Perceptron": [
        {"penalty": "l3"},
        {"alpha": -1},
        {"l1_ratio": 2},
        {"fit_intercept": "yes"},
        {"max_iter": 0},
        {"tol": -1},
        {"eta0": 0},
        {"n_jobs": 1.5},
        {"early_stopping": 1.0},
        {"validation_fraction": 0},
        {"n_iter_no_change": 0},
    ],
}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        (name, parameters)
        for kind, rows in PARAMETERS.items()
        for parameters in rows
        for name in PAIRS
        if kind in name
    ],
)
def test_parameters_are_checked(name: str, parameters: dict[str, Any]) -> None:
    mine, other = (
        outcome(lambda make=make: make().set_params(**parameters).fit(X, Y)) for make in PAIRS[name]
    )
    assert isinstance(other, ValueError)
    assert isinstance(mine, ValueError)
    assert next(iter(parameters)) in str(mine)


@pytest.mark.parametrize("value", [np.nan, "text"])
def test_what_only_the_estimators_for_tables_take_says_so(value: Any) -> None:
    x = with_value(value, object)
    with pytest.raises(ValueError) as caught:
        MLPClassifier(max_iter=1).fit(x, Y)
    assert "pynn.TabularClassifier" in caught.value.__notes__[0]
