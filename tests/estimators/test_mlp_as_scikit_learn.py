"""In float64 from the same random state: the curves of scikit-learn's MLPs."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.neural_network as theirs

from estimators.problems import CLASSIFICATION, REGRESSION, SHARED_PROBLEMS
from estimators.sklearn_abilities import (
    MLPS_HAVE_LOSSES,
    MLPS_HOLD_OUT_STRINGS,
    MLPS_WEIGH_ROWS,
)
from pynn import estimators as ours
from reference import mlp as by_the_book

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

# The same numbers are added up in another order, and a dozen epochs carry the rounding on.
CURVE = 1e-9
# Where an activation's kink or a saturated logarithm makes more of a rounding.
WEIGHTS = 1e-7

NETWORK = {"hidden_layer_sizes": (17, 9), "random_state": 1, "shuffle": False, "max_iter": 12}
SOLVERS: dict[str, dict[str, Any]] = {
    "adam": {"solver": "adam"},
    "adam, other numbers": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3, "alpha": 0.1},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.02},
    "sgd, classical": {"solver": "sgd", "nesterovs_momentum": False, "alpha": 0.01},
    "sgd, plain": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.05},
    "sgd, invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    "sgd, adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "tol": 0.1,
        "n_iter_no_change": 1,
    },
}


def pair(name: str, **parameters: Any) -> tuple[Any, Any]:
    return (
        getattr(ours, name)(**NETWORK | parameters),
        getattr(theirs, name)(**NETWORK | parameters),
    )


def fitted_pair(problem: str, weight: Any = None, **parameters: Any) -> tuple[Any, Any, Any]:
    if problem in CLASSIFICATION:
        x, y = CLASSIFICATION[problem]
        models = pair("MLPClassifier", **parameters)
    else:
        x, y, loss = REGRESSION[problem]
        if MLPS_HAVE_LOSSES:
            parameters["loss"] = loss
        models = pair("MLPRegressor", **parameters)
    for model in models:
        model.fit(x, y, **({} if weight is None else {"sample_weight": weight}))
    return x, *models


def same_training(mine: Any, other: Any) -> None:
    np.testing.assert_allclose(mine.loss_curve_, other.loss_curve_, rtol=CURVE)
    for a, b in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=WEIGHTS, atol=WEIGHTS)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(mine, name) == getattr(other, name), name
    for name in ("loss_", "best_loss_", "validation_scores_", "best_validation_score_"):
        expected = getattr(other, name)
        if expected is None:
            assert getattr(mine, name) is None
        else:
            np.testing.assert_allclose(getattr(mine, name), expected, rtol=CURVE)


if MLPS_WEIGH_ROWS and MLPS_HAVE_LOSSES:

    @pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
    def test_signatures_begin_as_scikit_learn_s(name: str) -> None:
        """What pynn adds comes after that, by keyword only."""
        mine, other = (getattr(module, name) for module in (ours, theirs))

        def same_beginning(own: Any, given: Any) -> None:
            parameters = [
                [(p.name, p.default, p.kind) for p in inspect.signature(f).parameters.values()]
                for f in (own, given)
            ]
            n_shared = len(parameters[1])
            assert parameters[0][:n_shared] == parameters[1]
            assert {kind for _, _, kind in parameters[0][n_shared:]} <= {
                inspect.Parameter.KEYWORD_ONLY
            }

        same_beginning(mine, other)
        methods = [m for m in dir(other) if not m.startswith("_")]
        assert set(methods) <= set(dir(mine))
        for method in ("fit", "partial_fit", "predict", "score"):
            same_beginning(getattr(mine(), method), getattr(other(), method))


@pytest.mark.parametrize("problem", SHARED_PROBLEMS)
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_initial_weights_are_the_same(problem: str, activation: str) -> None:
    still = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
    _, mine, other = fitted_pair(problem, activation=activation, **still)
    for a, b in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("problem", SHARED_PROBLEMS)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shuffle", [False, True])
def test_curves_are_the_same(problem: str, solver: str, shuffle: bool) -> None:
    x, mine, other = fitted_pair(problem, batch_size=64, shuffle=shuffle, **SOLVERS[solver])
    same_training(mine, other)
    if problem in CLASSIFICATION:
        np.testing.assert_array_equal(mine.predict(x), other.predict(x))
        np.testing.assert_array_equal(mine.classes_, other.classes_)
        for method in ("predict_proba", "predict_log_proba"):
            expected = getattr(other, method)(x)
            np.testing.assert_allclose(getattr(mine, method)(x), expected, rtol=1e-6)
    else:
        np.testing.assert_allclose(mine.predict(x), other.predict(x), rtol=1e-6, atol=WEIGHTS)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("problem", ["multiclass", "several outputs"])
def test_curves_of_all_activations_are_the_same(problem: str, activation: str) -> None:
    _, mine, other = fitted_pair(problem, activation=activation, batch_size=50)
    same_training(mine, other)


if MLPS_WEIGH_ROWS:

    @pytest.mark.parametrize("problem", SHARED_PROBLEMS)
    def test_weighted_curves_are_the_same(problem: str) -> None:
        n_rows = len((CLASSIFICATION | REGRESSION)[problem][0])
        weight = np.random.RandomState(0).uniform(0, 3, n_rows)
        _, mine, other = fitted_pair(problem, weight=weight, batch_size=70, alpha=0.1)
        same_training(mine, other)


@pytest.mark.parametrize(
    "problem",
    ["multiclass", "multilabel", "several outputs", *(["binary"] if MLPS_HOLD_OUT_STRINGS else [])],
)
@pytest.mark.parametrize("weighted", [False, True] if MLPS_WEIGH_ROWS else [False])
def test_early_stopping_is_the_same(problem: str, weighted: bool) -> None:
    n_rows = len((CLASSIFICATION | REGRESSION)[problem][0])
    weight = np.random.RandomState(0).uniform(1, 3, n_rows) if weighted else None
    _, mine, other = fitted_pair(
        problem,
        weight=weight,
        early_stopping=True,
        validation_fraction=0.2,
        n_iter_no_change=3,
        max_iter=60,
        learning_rate_init=0.01,
        shuffle=weighted,
    )
    assert mine.n_iter_ < 60
    same_training(mine, other)


@pytest.mark.parametrize("cls", ["MLPClassifier", "MLPRegressor"])
def test_a_shared_random_state_goes_on_as_with_scikit_learn_s(cls: str) -> None:
    """Two estimators of one RandomState: the second begins where the first has left it."""
    x, y = CLASSIFICATION["multiclass"]
    seen = []
    for index in (0, 1):
        shared = np.random.RandomState(5)
        for _ in range(2):
            model = pair(cls, random_state=shared, shuffle=True, max_iter=4)[index].fit(x, y)
        seen.append((model.loss_curve_, shared.uniform(size=3)))
    np.testing.assert_allclose(seen[0][0], seen[1][0], rtol=CURVE)
    np.testing.assert_array_equal(seen[0][1], seen[1][1])


@pytest.mark.parametrize("batch_size", ["auto", 1, 7, 300])
def test_batch_sizes_are_the_same(batch_size: Any) -> None:
    _, mine, other = fitted_pair("multiclass", batch_size=batch_size, max_iter=3)
    same_training(mine, other)


def test_no_hidden_layer_is_the_same() -> None:
    _, mine, other = fitted_pair("multiclass", hidden_layer_sizes=())
    same_training(mine, other)


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csc_array])
def test_sparse_rows_give_the_same(container: Any) -> None:
    x, y = CLASSIFICATION["multiclass"]
    mine, other = pair("MLPClassifier")
    same_training(mine.fit(container(x), y), other.fit(container(x), y))
    np.testing.assert_allclose(mine.predict_proba(container(x)), other.predict_proba(x), rtol=1e-6)


def test_partial_fit_is_the_same() -> None:
    x, y = CLASSIFICATION["multiclass"]
    mine, other = pair("MLPClassifier")
    for start in (0, 100, 200, 50):
        rows = slice(start, start + 100)
        for model in (mine, other):
            model.partial_fit(x[rows], y[rows], classes=np.arange(10))
    same_training(mine, other)


@pytest.mark.parametrize("problem", ["multiclass", "squared_error"])
def test_verbose_output_is_the_same(problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for index in (0, 1):
        if problem in CLASSIFICATION:
            x, y = CLASSIFICATION[problem]
            model = pair("MLPClassifier", verbose=True, early_stopping=True)[index]
        else:
            x, y, _ = REGRESSION[problem]
            model = pair("MLPRegressor", verbose=True, solver="sgd", tol=1.0, n_iter_no_change=2)[
                index
            ]
        model.fit(x, y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Iteration 1, loss = " in printed[0]


@pytest.mark.parametrize("problem", ["multiclass", "multilabel", "several outputs", "poisson"])
def test_training_is_that_of_the_book(problem: str) -> None:
    """Against plain NumPy, without scikit-learn in between."""
    if problem in CLASSIFICATION:
        x, y = CLASSIFICATION[problem]
        mine = ours.MLPClassifier(**NETWORK, alpha=0.2)
        targets = np.eye(10)[y] if problem == "multiclass" else y
    else:
        x, y, loss = REGRESSION[problem]
        mine = ours.MLPRegressor(loss, **NETWORK, alpha=0.2)
        targets = y.reshape(len(y), -1)
    mine.fit(x, y)
    still = mine.__class__(**mine.get_params())
    still.set_params(solver="sgd", momentum=0, learning_rate_init=1e-300, max_iter=1).fit(x, y)
    network = by_the_book.Network(still.coefs_, still.intercepts_, "relu", mine.out_activation_)
    curve = by_the_book.train(
        network, by_the_book.Adam(), x, targets, epochs=12, batch_size=200, rate=1e-3, alpha=0.2
    )
    np.testing.assert_allclose(mine.loss_curve_, curve, rtol=CURVE)
