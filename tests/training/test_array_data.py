"""`ArrayData` and `adapt`: what belongs together, and what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from pynn.training import ArrayData, Signature, adapt, class_weighted, distribute

X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10)
ONE = Signature(["x"], [(None, 2)], ["out"], [(None, 1)])
TWO = Signature(["a", "b"], [(None, 2), (None, 2)], ["p", "q"], [(None, 1), (None, 1)])


def test_parts_are_views() -> None:
    data = ArrayData([X, sp.csr_array(X)], [Y, None], [None, None])
    part = data.take(slice(2, 5))
    assert part.n_rows == 3
    assert np.shares_memory(part.x_arrays[0], X)
    assert part.x_arrays[1].shape == (3, 2)
    assert part.y_arrays[1] is None
    assert [rows.rows for rows in part.x] == [3, 3]
    assert part.y[1] is None


def test_the_last_part_is_split_off() -> None:
    first, last = ArrayData([X], [Y]).split(0.25)
    assert (first.n_rows, last.n_rows) == (7, 3)
    assert last.y_arrays[0].tolist() == [7, 8, 9]


def test_weights_of_classes_multiply_those_of_samples() -> None:
    labels = np.array([0, 1, 2, 1, 0, 0, 1, 2, 2, 2])
    data = class_weighted(adapt(ONE, X, labels), {1: 3.0, 2: 0.5}, ONE)
    table = np.array([1, 3, 0.5])
    np.testing.assert_array_equal(data.weight_arrays[0], table[labels])
    data = adapt(ONE, X, np.eye(3)[labels], np.full(10, 2.0))
    data = class_weighted(data, {1: 3.0, 2: 0.5}, ONE)
    np.testing.assert_array_equal(data.weight_arrays[0], 2 * table[labels])
    with pytest.raises(ValueError, match="class_weight needs the targets of output"):
        class_weighted(adapt(ONE, X), {0: 1.0}, ONE)


def test_class_weights_are_for_any_whole_numbers() -> None:
    """Those of the hinge loss are -1 and 1; large ones take no memory."""
    labels = np.array([-1, 1, 7, -1, 10**12])[: len(X)]
    given = {np.int64(-1): 2.0, True: np.float32(3.0), 10**12: 4, 1e3: 5.0}
    expected = np.array([2.0, 3.0, 1.0, 2.0, 4.0])[: len(X)]
    data = class_weighted(adapt(ONE, X[: len(labels)], labels), given, ONE)
    np.testing.assert_array_equal(data.weight_arrays[0], expected)
    data = class_weighted(adapt(ONE, X[: len(labels)], labels), {}, ONE)
    np.testing.assert_array_equal(data.weight_arrays[0], np.ones(len(labels)))


@pytest.mark.parametrize(
    "wrong",
    ["balanced", [1.0, 2.0], {"a": 1.0}, {0: "a"}, {0: np.nan}, {0.5: 1.0}, {None: 1.0}],
)
def test_other_class_weights_are_refused(wrong: Any) -> None:
    data = adapt(ONE, X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="class_weight must be a dict of class numbers to factors"):
        class_weighted(data, wrong, ONE)


def test_weights_of_samples_are_for_all_outputs_or_each() -> None:
    weights = np.linspace(0, 1, 10)
    for given in (weights, weights.tolist(), weights[:, None]):
        data = adapt(TWO, [X, X], [Y, Y], given)
        for found in data.weight_arrays:
            np.testing.assert_allclose(found, weights)
    data = adapt(TWO, [X, X], [Y, Y], {"q": weights})
    assert data.weight_arrays[0] is None
    data = adapt(TWO, [X, X], [Y, Y], [None, weights])
    np.testing.assert_array_equal(data.weight_arrays[1], weights)


def test_distribution_by_name_and_position() -> None:
    assert distribute({"b": 2, "a": 1}, ["a", "b"], "x", "input") == [1, 2]
    assert distribute((1, 2), ["a", "b"], "x", "input") == [1, 2]
    assert distribute([[1.0], [2.0]], ["a"], "x", "input") == [[[1.0], [2.0]]]
    (only,) = distribute([X], ["a"], "x", "input")
    assert only is X
    with pytest.raises(ValueError, match="y has nothing for output 'q'. .*keys .'p'"):
        distribute({"p": Y}, ["p", "q"], "y", "output")


def test_axes_of_size_one_make_no_difference() -> None:
    image = Signature(["x"], [(None, 2, 1)], ["out"], [(None, 1)])
    assert adapt(image, X).x_arrays[0].shape == (10, 2, 1)
    assert adapt(ONE, X[:, :, None]).x_arrays[0].shape == (10, 2)
    column = Signature(["x"], [(None, 1)], ["out"], [(None, 1)])
    assert adapt(column, Y).x_arrays[0].shape == (10, 1)
    with pytest.raises(ValueError, match=r"input 'x' takes arrays of shape \(n, 2\)"):
        adapt(ONE, X.T)
