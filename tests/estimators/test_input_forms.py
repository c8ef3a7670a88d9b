"""Every form of X and y that scikit-learn takes: the same model, and nothing written to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.linear_model import Perceptron as TheirPerceptron
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier

from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

# Quarters: all types below hold them exactly, so that all forms are the same numbers.
X = np.round(np.random.default_rng(0).normal(size=(90, 6)) * 4) / 4
SCORE = X[:, 0] - X[:, 1] + X[:, 2]
MLP: dict[str, Any] = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0}
ESTIMATORS: dict[str, tuple[Callable[[], Any], np.ndarray]] = {
    "MLPClassifier": (lambda: MLPClassifier(**MLP), np.digitize(SCORE, [-1, 1])),
    "MLPRegressor": (lambda: MLPRegressor(**MLP), SCORE),
    "Perceptron": (lambda: Perceptron(max_iter=4), np.digitize(SCORE, [-1, 1])),
    "PerceptronRegressor": (lambda: PerceptronRegressor(max_iter=4), SCORE),
}


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.setflags(write=False)
    return x


DENSE: dict[str, Callable[[np.ndarray], Any]] = {
    "read-only": read_only,
    "Fortran order": np.asfortranarray,
    "every second column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "float16": lambda x: x.astype(np.float16),
    "long double": lambda x: x.astype(np.longdouble),
    "big-endian": lambda x: x.astype(">f8"),
    "objects": lambda x: x.astype(object),
    "lists": lambda x: x.tolist(),
    "rows in a list": list,
    "pandas": lambda x: pd.DataFrame(x, columns=list("abcdef")),
    "pandas, nullable": lambda x: pd.DataFrame(x, columns=list("abcdef")).astype("Float64"),
    "polars": lambda x: pl.DataFrame(x, schema=list("abcdef")),
}
SPARSE: dict[str, Callable[[np.ndarray], Any]] = {
    "CSR matrix": sp.csr_matrix,
    "CSR array": sp.csr_array,
    "CSC": sp.csc_array,
    "COO": sp.coo_matrix,
    "LIL": sp.lil_matrix,
}


def numbers_in(x: Any) -> np.ndarray:
    x = x.tocsr().toarray() if sp.issparse(x) else x
    return np.array(x, np.float64)


def weights_of(model: Any) -> np.ndarray:
    if hasattr(model, "coefs_"):
        return np.concatenate([w.ravel() for w in model.coefs_ + model.intercepts_])
    return np.append(model.coef_, model.intercept_)


@pytest.mark.parametrize("form", DENSE)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_dense_forms_are_the_same_numbers(name: str, form: str) -> None:
    make, y = ESTIMATORS[name]
    x = DENSE[form](X)
    plain, model = make().fit(X, y), make().fit(x, y)
    np.testing.assert_array_equal(weights_of(model), weights_of(plain))
    np.testing.assert_array_equal(model.predict(x), plain.predict(X))
    model.partial_fit(x, y)
    np.testing.assert_array_equal(weights_of(model), weights_of(plain.partial_fit(X, y)))
    np.testing.assert_array_equal(numbers_in(x), X)


@pytest.mark.parametrize("form", SPARSE)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_sparse_forms_are_the_same_numbers(name: str, form: str) -> None:
    make, y = ESTIMATORS[name]
    x = SPARSE[form](X)
    given, plain = make().fit(x, y), make().fit(sp.csr_matrix(X), y)
    np.testing.assert_array_equal(weights_of(given), weights_of(plain))
    np.testing.assert_array_equal(given.predict(x), plain.predict(sp.csr_matrix(X)))
    np.testing.assert_array_equal(numbers_in(x), X)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.bool_, ">i4"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_whole_numbers_are_floats(name: str, dtype: Any) -> None:
    make, y = ESTIMATORS[name]
    x = np.abs(4 * X).astype(dtype)
    model, plain = make().fit(x, y), make().fit(x.astype(np.float64), y)
    np.testing.assert_array_equal(weights_of(model), weights_of(plain))
    np.testing.assert_array_equal(model.predict(x), plain.predict(x.astype(float)))


@pytest.mark.parametrize("mode", ["r", "c"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_files_mapped_into_memory_are_read(
    name: str, dtype: Any, mode: str, tmp_path: Path
) -> None:
    make, y = ESTIMATORS[name]
    X.astype(dtype).tofile(tmp_path / "x")
    x = np.memmap(tmp_path / "x", dtype=dtype, mode=mode, shape=X.shape)
    model = make().fit(x, y)
    # As in scikit-learn, what is not float32 in the machine's own order becomes float64.
    plain = make().fit(X.astype(np.float32 if dtype == np.float32 else np.float64), y)
    np.testing.assert_array_equal(weights_of(model), weights_of(plain))
    np.testing.assert_array_equal(model.predict(x), plain.predict(x))
    np.testing.assert_array_equal(x, X)


FIRES = SCORE > 0
LABELS: dict[str, Any] = {
    "strings": np.where(FIRES, "yes", "no"),
    "string objects": np.where(FIRES, "yes", "no").astype(object),
    "a list of strings": np.where(FIRES, "yes", "no").tolist(),
    "bool": FIRES,
    "float": FIRES * 1.0,
    "uint8": FIRES.astype(np.uint8),
    "big-endian": FIRES.astype(">i4"),
    "negative": np.where(FIRES, 3, -5),
    "a column": FIRES[:, np.newaxis] * 1,
    "pandas": pd.Series(FIRES * 1),
    "pandas strings": pd.Series(np.where(FIRES, "yes", "no")).astype("string"),
    "pandas categories": pd.Series(np.where(FIRES, "yes", "no")).astype("category"),
    "pandas nullable": pd.Series(FIRES * 1).astype("Int64"),
    "pandas nullable bool": pd.Series(FIRES).astype("boolean"),
    "pandas missing": pd.Series(FIRES * 1).astype("Int64").where(pd.Series(FIRES)),
    "a data frame": pd.DataFrame({"target": FIRES * 1}),
    "polars": pl.Series(FIRES * 1),
    "polars strings": pl.Series(np.where(FIRES, "yes", "no").tolist()),
    "NaN": np.where(FIRES, 1.0, np.nan),
    "NaN among objects": np.where(FIRES, 1.0, np.nan).astype(object),
    "NaN among strings": np.where(FIRES, np.array("yes", object), np.nan),
    "None": np.where(FIRES, "yes", None),
    "fractions": np.where(FIRES, 0.5, 1.5),
    "bytes": np.where(FIRES, b"yes", b"no"),
}


def outcome(model: Any, y: Any) -> tuple[Any, ...]:
    """Return classes and types of a fitted model, or what the fit raised."""
    try:
        model.fit(X, y)
    except (ValueError, TypeError) as error:
        return type(error).__name__, str(error)[:18]
    predicted = model.predict(X)
    return model.classes_.tolist(), model.classes_.dtype, predicted.dtype, predicted.shape


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_treated_as_scikit_learn_treats_them(kind: str) -> None:
    y = LABELS[kind]
    assert outcome(MLPClassifier(**MLP), y) == outcome(TheirMLPClassifier(**MLP), y)
    assert outcome(Perceptron(max_iter=4), y) == outcome(TheirPerceptron(max_iter=4), y)


@pytest.mark.parametrize("dtype", ["float32", np.float32, X.astype("f4").dtype])
def test_the_type_of_the_weights_may_be_given(dtype: Any) -> None:
    """As a name, a type or an array's own dtype."""
    model = clone(MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, dtype=dtype))
    model.fit(X.astype(np.float64), SCORE)
    assert {w.dtype for w in (*model.coefs_, *model.intercepts_)} == {np.dtype(np.float32)}
    assert model.predict(X).dtype == np.float32
