"""The solver "lbfgs": its gradient, and the solutions that scikit-learn's comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.neural_network as theirs
from sklearn.exceptions import ConvergenceWarning

from estimators.problems import CLASSIFICATION, REGRESSION, SHARED_PROBLEMS
from estimators.sklearn_abilities import MLPS_HAVE_LOSSES, MLPS_WEIGH_ROWS
from pynn import estimators as ours
from pynn import optimizers
from pynn._task_threads import single_blas_thread
from pynn.estimators.mlp._architecture import Architecture
from pynn.estimators.mlp._lbfgs import VectorObjective
from pynn.estimators.mlp._network import Network
from pynn.training import ArrayData
from reference import mlp as by_the_book


@pytest.fixture(autouse=True)
def quiet_blas() -> Iterator[None]:
    """Let scikit-learn's optimizer, too, compute with one BLAS thread; it is faster for it."""
    with single_blas_thread():
        yield


# Sums of some hundred float64 numbers in another order.
ROUNDING = 1e-10


# The engine takes the rows by pieces of 256.
@pytest.mark.parametrize("n_rows", [150, 600])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("out_activation", "loss", "loss_weight"),
    [
        ("softmax", "sparse_categorical_crossentropy", 1.0),
        ("logistic", "binary_crossentropy", 3.0),
        ("identity", "mean_squared_error", 1.5),
        ("exp", "half_poisson_deviance", 3.0),
    ],
)
def test_gradient_is_that_of_the_book(
    out_activation: str,
    loss: str,
    loss_weight: float,
    weighted: bool,
    n_rows: int,
) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n_rows, 6))
    targets = rng.integers(0, 2, (n_rows, 3)).astype(float)
    codes = targets
    if out_activation == "softmax":
        codes = rng.integers(0, 3, n_rows)
        targets = np.eye(3)[codes]
    weight = rng.uniform(0, 2, n_rows) if weighted else None
    coefs = [rng.standard_normal((6, 5)), rng.standard_normal((5, 3))]
    intercepts = [rng.standard_normal(5), rng.standard_normal(3)]
    architecture = Architecture((6, 5), ((3, out_activation),), ("tanh",), (0.0,), False, "float64")
    network = Network(architecture)
    network.assign([*coefs, *intercepts])
    network.prepare_trainer([((loss, []), loss_weight)], optimizers.SGD(), weighted=weighted)
    objective = VectorObjective(network, ArrayData([x], [codes], [weight]), alpha=0.3)
    value, gradient = objective(objective.vector)
    book = by_the_book.Network(coefs, intercepts, "tanh", out_activation)
    expected, grads = book.gradients(x, targets, 0.3, weight)
    if out_activation == "identity":  # the book reports the mean over outputs
        penalty = 0.15 * sum((c**2).sum() for c in coefs) / (weight.sum() if weighted else n_rows)
        expected = 3 * (expected - penalty) + penalty
    np.testing.assert_allclose(value, expected, rtol=ROUNDING)
    flat = np.concatenate([g.T.ravel() for g in grads])
    np.testing.assert_allclose(gradient, flat, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("problem", SHARED_PROBLEMS)
@pytest.mark.parametrize("weighted", [False, True] if MLPS_WEIGH_ROWS else [False])
def test_comes_as_far_as_scikit_learn(problem: str, weighted: bool) -> None:
    parameters: dict[str, Any] = {
        "hidden_layer_sizes": (12,),
        "solver": "lbfgs",
        "alpha": 1.0,
        "random_state": 0,
        "max_iter": 3000,
        "tol": 1e-5,
        "activation": "tanh",
    }
    if problem in CLASSIFICATION:
        x, y = CLASSIFICATION[problem]
        models = [module.MLPClassifier(**parameters) for module in (ours, theirs)]
    else:
        x, y, loss = REGRESSION[problem]
        if MLPS_HAVE_LOSSES:
            parameters["loss"] = loss
        models = [module.MLPRegressor(**parameters) for module in (ours, theirs)]
    weights = {}
    if weighted:
        weights["sample_weight"] = np.random.RandomState(1).uniform(0.5, 2, len(x))
    mine, other = (model.fit(x, y, **weights) for model in models)
    assert 0 < mine.n_iter_ < 3000
    assert mine.score(x, y) >= other.score(x, y) - 0.02
    if problem == "several outputs":
        return  # scikit-learn's loss and gradient do not belong together there
    # Neighbouring minima differ by some percent.
    assert mine.loss_ < 1.1 * other.loss_


def test_attributes_are_those_of_scikit_learn() -> None:
    x, y = CLASSIFICATION["binary"]
    parameters: dict[str, Any] = {"solver": "lbfgs", "random_state": 0, "max_iter": 500}
    mine, other = (module.MLPClassifier(**parameters).fit(x, y) for module in (ours, theirs))
    public = {name for name in vars(other) if name.endswith("_") and not name.startswith("_")}
    assert public <= set(vars(mine))
    assert not hasattr(mine, "loss_curve_")
    assert not hasattr(mine, "partial_fit")
    assert mine.t_ == other.t_ == 0


def test_warns_where_max_iter_or_max_fun_ends_it() -> None:
    x, y = CLASSIFICATION["multiclass"]
    for limit in ({"max_iter": 2}, {"max_fun": 3}):
        with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
            model = ours.MLPClassifier(solver="lbfgs", random_state=0, **limit).fit(x, y)
        assert model.n_iter_ <= 3


def test_float32_is_trained_in_float64_and_kept_in_float32() -> None:
    x, y, _ = REGRESSION["squared_error"]
    parameters: dict[str, Any] = {
        "solver": "lbfgs",
        "random_state": 0,
        "max_iter": 5000,
        "max_fun": 100_000,
    }
    single = ours.MLPRegressor(hidden_layer_sizes=(5,), **parameters)
    single.fit(x.astype(np.float32), y)
    assert {w.dtype for w in single.coefs_ + single.intercepts_} == {np.dtype(np.float32)}
    double = ours.MLPRegressor(hidden_layer_sizes=(5,), **parameters).fit(x, y)
    assert abs(single.score(x, y) - double.score(x, y)) < 0.05


def test_sparse_rows_give_the_same() -> None:
    x, y = CLASSIFICATION["multiclass"]
    parameters: dict[str, Any] = {"solver": "lbfgs", "random_state": 0, "max_iter": 1000}
    dense = ours.MLPClassifier((8,), **parameters).fit(x, y)
    sparse = ours.MLPClassifier((8,), **parameters).fit(sp.csr_matrix(x), y)
    np.testing.assert_array_equal(dense.predict(x), sparse.predict(sp.csr_matrix(x)))


def test_warm_start_carries_on() -> None:
    x, y = CLASSIFICATION["multiclass"]
    model = ours.MLPClassifier((8,), solver="lbfgs", random_state=0, warm_start=True, max_iter=5)
    with pytest.warns(ConvergenceWarning):
        first = model.fit(x, y).loss_
    with pytest.warns(ConvergenceWarning):
        assert model.fit(x, y).loss_ < first


def test_prints_each_iteration(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = CLASSIFICATION["binary"]
    model = ours.MLPClassifier((4,), solver="lbfgs", random_state=0, verbose=True, max_iter=500)
    model.fit(x, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert lines[0].startswith("Iteration 1, loss = ")
