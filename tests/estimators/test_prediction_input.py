"""The short way through the checks of `predict` lets nothing through that the long one stops."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from pynn.estimators import MLPRegressor, Perceptron
from pynn.estimators._input import check_rows


class Fitted(BaseEstimator):
    def __init__(self) -> None:
        self.n_features_in_ = 3

    def fit(self) -> None:
        """For scikit-learn to take this for an estimator."""


def outcome(call: Any) -> Any:
    try:
        return call()
    except ValueError as error:
        return str(error)


# scikit-learn's own sum of inf and -inf warns before it says what is wrong.
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.floats(width=32), min_size=3, max_size=3), min_size=1, max_size=4),
    st.sampled_from([np.float32, np.float64]),
)
def test_both_ways_come_to_the_same(rows: Any, dtype: Any) -> None:
    x = np.array(rows, dtype)
    short = outcome(lambda: check_rows(Fitted(), x))
    long = outcome(lambda: validate_data(Fitted(), x, dtype=(np.float64, np.float32), reset=False))
    assert type(short) is type(long)
    if isinstance(short, str):
        assert short == long
    else:
        np.testing.assert_array_equal(short, long)


def test_sums_that_overflow_are_no_error() -> None:
    x = np.full((2, 3), np.finfo(np.float32).max, np.float32)
    assert check_rows(Fitted(), x).shape == (2, 3)


@pytest.mark.parametrize(
    "model", [MLPRegressor(hidden_layer_sizes=(30,), max_iter=1), Perceptron()]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_row_is_predicted_in_microseconds(model: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 8)).astype(np.float32)
    model.fit(x, (x[:, 0] > 0).astype(np.float32))
    row = x[:1]
    model.predict(row)
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        for _ in range(100):
            model.predict(row)
        best = min(best, (time.perf_counter() - start) / 100)
    # scikit-learn takes some 100 us; a busy machine is given time, but not that much.
    assert best < 30e-6
