"""Sparse matrices whose parts do not fit one another are refused before anything reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import pynn
from pynn import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor, layers

ROWS, COLS = 60, 8


def matrix(kind: str = "csr") -> Any:
    return sparse.random(ROWS, COLS, density=0.5, format=kind, dtype=np.float32, random_state=0)


def damage(name: str, value: Any) -> Callable[[Any], None]:
    def apply(m: Any) -> None:
        setattr(m, name, value(getattr(m, name)))

    return apply


def put(at: int, number: int) -> Callable[[np.ndarray], np.ndarray]:
    def changed(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[at] = number
        return array

    return changed


DAMAGES = {
    "short indptr": damage("indptr", lambda a: a[:5]),
    "no indptr": damage("indptr", lambda a: a[:0]),
    "long indptr": damage("indptr", lambda a: np.append(a, a[-1])),
    "negative start": damage("indptr", put(3, -7)),
    "first start": damage("indptr", put(0, 1)),
    "decreasing": damage("indptr", lambda a: put(3, int(a[5]))(a)),
    "beyond the data": damage("indptr", put(-1, 10**6)),
    "far beyond": damage("indptr", put(5, 2**31 - 1)),
    "negative index": damage("indices", put(0, -1)),
    "large index": damage("indices", put(11, 10**8)),
    "short indices": damage("indices", lambda a: a[:-3]),
    "short data": damage("data", lambda a: a[:-3]),
}

Y = np.arange(ROWS) % 2


def fitted(estimator: Any) -> Any:
    return estimator.fit(matrix(), Y)


def model() -> Any:
    built = pynn.Sequential([pynn.Input((COLS,)), layers.Dense(1)])
    built.compile("sgd", "mse")
    return built


CALLS: dict[str, Callable[[Any], Any]] = {
    "MLPClassifier.fit": lambda x: MLPClassifier((4,), max_iter=2).fit(x, Y),
    "MLPClassifier.fit, early stopping": lambda x: MLPClassifier(
        (4,), max_iter=2, early_stopping=True
    ).fit(x, Y),
    "MLPClassifier.partial_fit": lambda x: MLPClassifier((4,)).partial_fit(x, Y, classes=[0, 1]),
    "MLPClassifier.predict": lambda x: fitted(MLPClassifier((4,), max_iter=2)).predict(x),
    "MLPClassifier.predict_proba": lambda x: fitted(MLPClassifier((4,), max_iter=2)).predict_proba(
        x
    ),
    "MLPClassifier, lbfgs": lambda x: MLPClassifier((4,), solver="lbfgs", max_iter=2).fit(x, Y),
    "MLPRegressor.fit": lambda x: MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(x, Y),
    "Perceptron.fit": lambda x: Perceptron(max_iter=2).fit(x, Y),
    "Perceptron.partial_fit": lambda x: Perceptron().partial_fit(x, Y, classes=[0, 1]),
    "Perceptron.decision_function": lambda x: fitted(Perceptron(max_iter=2)).decision_function(x),
    "PerceptronRegressor.fit": lambda x: PerceptronRegressor(max_iter=2).fit(x, Y),
    "Model.fit": lambda x: model().fit(x, Y, verbose=0),
    "Model.fit, validation": lambda x: model().fit(x, Y, validation_split=0.2, verbose=0),
    "Model.evaluate": lambda x: model().evaluate(x, Y, verbose=0),
    "Model.predict": lambda x: model().predict(x, verbose=0),
    "Model.train_on_batch": lambda x: model().train_on_batch(x, Y),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["csr", "csc"])
@pytest.mark.parametrize("call", CALLS)
def test_damaged_matrices_are_refused(call: str, kind: str) -> None:
    CALLS[call](matrix(kind))
    for name, apply in DAMAGES.items():
        damaged = matrix(kind)
        apply(damaged)
        with pytest.raises(ValueError, match=f"damaged {kind} matrix"):
            CALLS[call](damaged)
            raise AssertionError(name)


def test_damaged_blocks_are_refused() -> None:
    blocks = sparse.bsr_matrix(matrix().toarray(), blocksize=(2, 2))
    blocks.indices = put(0, 10**8)(blocks.indices)
    with pytest.raises(ValueError, match="damaged bsr matrix"):
        model().predict(blocks, verbose=0)


@pytest.mark.parametrize("name", ["short indptr", "large index", "decreasing"])
def test_damaged_targets_are_refused(name: str) -> None:
    y = sparse.csr_matrix(np.eye(4, dtype=np.int64)[np.arange(ROWS) % 4])
    y.indptr = np.arange(ROWS + 1, dtype=np.int32)
    DAMAGES[name](y)
    if name == "decreasing":
        y.indptr[7] = 20
    with pytest.raises(ValueError, match="damaged csr matrix"):
        MLPClassifier((4,), max_iter=2).fit(matrix(), y)
