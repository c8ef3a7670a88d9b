"""The short way through the checks of `predict` lets nothing through that the long one stops."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from pynn import _core
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, _input
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


COLUMNS = ["a", "b", "c"]


def fitted_to(names: Any) -> Fitted:
    made = Fitted()
    made.feature_names_in_ = np.array(names, object)
    return made


def frames() -> dict[str, Any]:
    """DataFrames of all kinds, and whether they take the short way."""
    pandas = pytest.importorskip("pandas")
    x = np.random.default_rng(0).standard_normal((4, 3))
    frame = pandas.DataFrame(x, columns=COLUMNS)
    return {
        "one row": (frame.iloc[:1], True),
        "every second row": (frame.iloc[::2], True),
        "float32": (frame.astype("float32"), True),
        "whole numbers": ((frame * 9).astype("int64"), True),
        "small whole numbers": ((frame * 9).astype("int8"), True),
        "mixed numbers": (frame.astype({"a": "int32", "c": "float32"}), True),
        "another index": (frame.set_index(pandas.Index([5, 5, 1, 2])), True),
        "truth values": (frame > 0, False),
        "objects": (frame.astype(object), False),
        "nullable": (frame.astype("Float64"), False),
        "half precision": (frame.astype("float16"), False),
        "many": (pandas.concat([frame] * 1000), False),
        "sparse": (frame.astype(pandas.SparseDtype("float64", 0.0)), True),
        "NaN": (frame.where(frame > 0), False),
        "infinity": (frame.where(frame > 0, np.inf), False),
        "texts": (frame.assign(b="text"), False),
        "no rows": (frame.iloc[:0], False),
        "columns in another order": (frame[["b", "a", "c"]], False),
        "a column too many": (frame.assign(d=1.0), False),
        "a column too few": (frame[["a", "b"]], False),
        "another name": (frame.rename(columns={"b": "B"}), False),
        "numbers for names": (frame.set_axis([0, 1, 2], axis=1), False),
    }


@pytest.mark.filterwarnings("ignore:X has no valid feature names:UserWarning")
@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
@pytest.mark.parametrize("name", frames() if find_spec("pandas") else [])
def test_both_ways_come_to_the_same_for_frames(name: str, monkeypatch: Any) -> None:
    frame, short = frames()[name]
    taken = outcome(lambda: check_rows(fitted_to(COLUMNS), frame))
    assert (_input._frame_rows(fitted_to(COLUMNS), frame) is not None) == short
    monkeypatch.setattr(_input, "_frame_rows", lambda *_: None)
    expected = outcome(lambda: check_rows(fitted_to(COLUMNS), frame))
    assert type(taken) is type(expected) or name == "sparse"
    if isinstance(expected, str):
        assert taken == expected
    else:
        expected = expected.toarray() if name == "sparse" else expected
        assert taken.dtype == expected.dtype and taken.flags.c_contiguous
        np.testing.assert_array_equal(taken, expected)


def test_a_frame_for_an_estimator_that_knows_no_names_warns() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        check_rows(Fitted(), pandas.DataFrame(np.ones((2, 3)), columns=COLUMNS))


def unaligned(x: np.ndarray) -> np.ndarray:
    raw = np.empty(x.nbytes + 1, np.uint8)
    shifted = raw[1:].view(x.dtype).reshape(x.shape)
    shifted[...] = x
    return shifted


def with_one(value: float, at: int, rows: int = 1) -> np.ndarray:
    x = np.ones((rows, 7))
    x.flat[at] = value
    return x


PLAIN = np.ones((4, 7))
LARGE = 20000  # numbers enough for the check to give up the GIL


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (PLAIN, True),
        (PLAIN.astype(np.float32), True),
        (np.ones((LARGE, 7)), True),
        (PLAIN[:1], True),
        (PLAIN[:0], False),
        (PLAIN[:, :6].copy(), False),
        (PLAIN[0], False),
        (PLAIN[None], False),
        (np.asfortranarray(PLAIN), False),
        (PLAIN[::2], False),
        (PLAIN.astype(np.float16), False),
        (PLAIN.astype(np.longdouble), False),
        (PLAIN.astype(np.int64), False),
        (PLAIN.astype(bool), False),
        (PLAIN.astype(object), False),
        (PLAIN.astype(PLAIN.dtype.newbyteorder()), False),
        (unaligned(PLAIN), False),
        (np.ma.masked_array(PLAIN), False),
        (PLAIN.tolist(), False),
        (None, False),
        *[(with_one(bad, at), False) for bad in (np.nan, np.inf, -np.inf) for at in range(7)],
        (with_one(np.nan, -1, LARGE), False),
        (with_one(-np.nan, 3).astype(np.float32), False),
    ],
)
def test_only_plain_matrices_take_the_short_way(x: Any, expected: bool) -> None:
    assert _core.is_plain_matrix(x, 7) is expected


@pytest.mark.parametrize("width", [None, 7.0, "7", 2**70, -7])
def test_no_matrix_is_of_a_width_that_is_no_count(width: Any) -> None:
    assert not _core.is_plain_matrix(PLAIN, width)


def test_lists_hold_the_same_items_only_if_each_is_the_other() -> None:
    a, b = np.zeros(2), np.zeros(2)
    assert _core.same_items([a, b], [a, b])
    assert not _core.same_items([a, b], [b, a])
    assert not _core.same_items([a, b], [a])
    assert not _core.same_items([a, b], [a, b.copy()])
    assert not _core.same_items((a, b), [a, b])
    assert _core.same_items([], [])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_put_into_the_weights_shows_in_the_next_prediction() -> None:
    x = np.random.default_rng(0).standard_normal((20, 7))
    model = MLPRegressor(hidden_layer_sizes=(5,), max_iter=1, random_state=0).fit(x, x[:, 0])
    before = model.predict(x)
    model.coefs_[1] = 2 * model.coefs_[1]
    model.intercepts_ = tuple(0 * b for b in model.intercepts_)
    hidden = np.maximum(x @ model.coefs_[0], 0)
    expected = (hidden @ model.coefs_[1])[:, 0]
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-12)
    np.testing.assert_allclose(model.predict(x[:1]), expected[:1], rtol=1e-12)
    assert not np.allclose(before, expected)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_of_two_classes_add_up_to_one(dtype: Any) -> None:
    x = np.random.default_rng(0).standard_normal((20, 7)).astype(dtype)
    model = MLPClassifier((5,), max_iter=1, random_state=0).fit(x, x[:, 0] > 0)
    found = model.predict_proba(x)
    assert found.shape == (20, 2)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found[:, 0], 1 - found[:, 1])
    np.testing.assert_array_equal(model.predict(x), found[:, 1] > 0.5)


def test_sums_that_overflow_are_no_error() -> None:
    x = np.full((2, 3), np.finfo(np.float32).max, np.float32)
    assert check_rows(Fitted(), x).shape == (2, 3)


@pytest.mark.parametrize(
    "model", [MLPRegressor(hidden_layer_sizes=(30,), max_iter=1), Perceptron()]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_row_is_predicted_in_a_dozen_calls(model: Any) -> None:
    """scikit-learn's own estimators make some 300; `bench/test_predict.py` has the times."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 8)).astype(np.float32)
    model.fit(x, (x[:, 0] > 0).astype(np.float32))
    row = x[:1]
    model.predict(row)
    calls: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        model.predict(row)
    finally:
        sys.setprofile(before)
    assert 0 < len(calls) <= 12, calls
