"""`PerceptronRegressor` against scikit-learn's gradient descent and the delta rule by the book."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDRegressor
from sklearn.preprocessing import scale

from pynn.estimators import PerceptronRegressor
from reference import perceptron as by_the_book

# Both sum a row's products in float64, in another order.
ROUNDING = 1e-9

X, Y = load_diabetes(return_X_y=True)
X = scale(X)
TWO = np.stack([Y, -Y[::-1]], axis=1)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"shuffle": False},
        {"penalty": "l2", "alpha": 1e-2},
        {"penalty": "l1", "alpha": 1e-2},
        {"penalty": "elasticnet"},
        {"early_stopping": True},
        {"fit_intercept": False, "eta0": 1e-3},
        {"random_state": 7},
    ],
    ids=str,
)
def test_fits_as_gradient_descent_of_scikit_learn_does(parameters: dict[str, Any]) -> None:
    ours = PerceptronRegressor(**parameters).fit(X, Y)
    theirs = SGDRegressor(
        **{"penalty": None, "random_state": 0, "learning_rate": "constant"} | parameters
    ).fit(X, Y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=ROUNDING, atol=ROUNDING)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=ROUNDING)


def test_is_the_delta_rule_by_the_book() -> None:
    model = PerceptronRegressor(shuffle=False, max_iter=3, tol=None).fit(X, Y)
    unit = by_the_book.Unit(np.zeros(10))
    for _ in range(3):
        by_the_book.train_epoch(unit, X, Y, np.arange(len(X)), rate=0.01, linear=True)
    np.testing.assert_allclose(model.coef_, unit.weights, rtol=ROUNDING)
    np.testing.assert_allclose(model.intercept_[0], unit.intercept, rtol=ROUNDING)


def test_comes_to_an_exact_solution() -> None:
    """Without noise each step shortens the way to the solution, so the errors vanish."""
    x = np.random.default_rng(0).standard_normal((200, 4))
    y = x @ [1.0, -2.0, 3.0, 0.5] + 4.0
    model = PerceptronRegressor(eta0=0.05, tol=0.0).fit(x, y)
    np.testing.assert_allclose(model.coef_, [1.0, -2.0, 3.0, 0.5], rtol=ROUNDING)
    np.testing.assert_allclose(model.intercept_, 4.0, rtol=ROUNDING)
    assert model.score(x, y) == 1.0


def test_several_outputs_are_several_units() -> None:
    both = PerceptronRegressor().fit(X, TWO)
    assert both.coef_.shape == (2, 10)
    assert both.intercept_.shape == (2,)
    assert both.predict(X).shape == TWO.shape
    for i in range(2):
        alone = PerceptronRegressor().fit(X, TWO[:, i])
        assert alone.coef_.shape == (10,)
        np.testing.assert_array_equal(both.coef_[i], alone.coef_)
        np.testing.assert_allclose(both.predict(X)[:, i], alone.predict(X), rtol=ROUNDING)


def test_several_calls_are_one_long_one() -> None:
    parts = PerceptronRegressor(shuffle=False)
    for _ in range(3):
        parts.partial_fit(X, TWO)
    whole = PerceptronRegressor(shuffle=False, max_iter=3, tol=None).fit(X, TWO)
    np.testing.assert_array_equal(parts.coef_, whole.coef_)
    warm = PerceptronRegressor(shuffle=False, max_iter=1, tol=None, warm_start=True)
    for _ in range(3):
        warm.fit(X, TWO)
    np.testing.assert_array_equal(warm.coef_, whole.coef_)


def test_sparse_rows_train_and_predict() -> None:
    sparse = PerceptronRegressor().fit(sp.csr_matrix(X), Y)
    theirs = SGDRegressor(penalty=None, random_state=0, learning_rate="constant")
    theirs.fit(sp.csr_matrix(X), Y)
    np.testing.assert_allclose(sparse.coef_, theirs.coef_, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(sparse.predict(sp.csc_matrix(X)), sparse.predict(X), rtol=ROUNDING)


def test_weighs_rows() -> None:
    weight = np.arange(len(X)) % 3
    ours = PerceptronRegressor(shuffle=False).fit(X, Y, sample_weight=weight)
    theirs = SGDRegressor(penalty=None, shuffle=False, learning_rate="constant")
    theirs.fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=ROUNDING, atol=ROUNDING)


def test_float32_stays_float32() -> None:
    model = PerceptronRegressor().fit(X.astype(np.float32), Y)
    assert model.coef_.dtype == model.predict(X.astype(np.float32)).dtype == np.float32


def test_weights_that_overflow_are_an_error() -> None:
    with pytest.raises(ValueError, match="under-/overflow occurred at epoch #"):
        PerceptronRegressor(eta0=1e10).fit(1e300 * X, Y)


def test_warns_where_max_iter_ends_the_training() -> None:
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
        PerceptronRegressor(max_iter=1).fit(X, Y)


def test_partial_fit_says_what_was_wrong() -> None:
    with pytest.raises(ValueError, match="early_stopping should be False"):
        PerceptronRegressor(early_stopping=True).partial_fit(X, Y)
    with pytest.raises(ValueError, match="number of outputs of the first call, 1"):
        PerceptronRegressor().partial_fit(X, Y).partial_fit(X, TWO)
