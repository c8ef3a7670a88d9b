"""CSR and CSC rows train the MLP estimators to the same bits as dense ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from pynn import MLPClassifier, MLPRegressor
from pynn.estimators.mlp._network import Network

N, COLS = 160, 1100


def rows(dtype: str) -> Any:
    return sp.random(N, COLS, 0.02, "csr", dtype, 0)


def learned(model: Any, x: Any) -> list[np.ndarray]:
    values = [*model.coefs_, *model.intercepts_, np.array(model.loss_curve_), model.predict(x)]
    return [np.array(value) for value in values]


def assert_same(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for left, right in zip(a, b, strict=True):
        np.testing.assert_array_equal(left, right)


SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "plain sgd": {"solver": "sgd", "momentum": 0.0, "alpha": 0.0},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2},
    "lbfgs": {"solver": "lbfgs"},
    "two layers": {"hidden_layer_sizes": (20, 9), "activation": "tanh"},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_as_dense(cls: type, settings: str, dtype: str) -> None:
    x = rows(dtype)
    y = np.arange(N) % 3
    results = []
    for form in (x, x.tocsc(), x.toarray()):
        arguments = {"hidden_layer_sizes": (24,), "max_iter": 3, "random_state": 0}
        model = cls(**(arguments | SETTINGS[settings])).fit(form, y)
        results.append(learned(model, form) if settings != "lbfgs" else [*model.coefs_])
    assert_same(results[0], results[2])
    assert_same(results[1], results[2])


def test_partial_fit_on_batches_of_both_kinds() -> None:
    x, y = rows("float32"), np.arange(N) % 3
    models = [MLPClassifier((24,), random_state=0) for _ in range(2)]
    for start in range(0, N, 40):
        part = slice(start, start + 40)
        dense = x[part].toarray()
        models[0].partial_fit(x[part] if start % 80 == 0 else dense, y[part], classes=[0, 1, 2])
        models[1].partial_fit(dense, y[part], classes=[0, 1, 2])
    assert_same(learned(models[0], x), learned(models[1], x.toarray()))


def test_coefs_are_views_in_scikit_learn_s_shape() -> None:
    """Written to in place they change the network, though it keeps them in another layout."""
    x, y = rows("float32"), np.arange(N) % 2
    model = MLPClassifier((24,), max_iter=1, random_state=0).partial_fit(x, y, classes=[0, 1])
    assert isinstance(model._state.network, Network)
    assert model.coefs_[0].shape == (COLS, 24)
    model.coefs_[0][:] = 0
    model.intercepts_[0][:] = 0
    assert len(np.unique(model.predict_proba(x)[:, 0])) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_entries_may_have_gaps_in_memory() -> None:
    dense = np.where(np.arange(24).reshape(6, 4) % 3 == 0, 0.0, 1.5)
    strided = sp.csr_matrix(dense.astype(complex)).real
    assert strided.data.strides == (16,)
    y = np.arange(6) % 2
    found, expected = (
        MLPClassifier((3,), max_iter=2, random_state=0).fit(x, y).predict_proba(dense)
        for x in (strided, sp.csr_matrix(dense))
    )
    np.testing.assert_array_equal(found, expected)
