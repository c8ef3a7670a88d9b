"""Accuracies: values, shapes, and the choice among them."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import metrics

LABELS = np.array([2, 0, 1, 2])
SCORES = np.array([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3], [0.5, 0.3, 0.2]])
ONE_HOT = np.eye(3)[LABELS]
RIGHT = [1.0, 0.0, 1.0, 0.0]
WEIGHTS = [4.0, 1.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("metric", "y_true", "y_pred", "right"),
    [
        (metrics.CategoricalAccuracy, ONE_HOT, SCORES, RIGHT),
        (metrics.SparseCategoricalAccuracy, LABELS, SCORES, RIGHT),
        (metrics.SparseCategoricalAccuracy, LABELS[:, None], SCORES, RIGHT),
        (metrics.BinaryAccuracy, [0, 1, 1, 0], [0.4, 0.5, 0.6, 0.7], RIGHT),
        (metrics.BinaryAccuracy, [[0], [1], [1], [0]], [0.4, 0.5, 0.6, 0.7], RIGHT),
        (metrics.Accuracy, [[1], [2], [3], [4]], [[1], [0], [3], [0]], RIGHT),
        (lambda: metrics.TopKCategoricalAccuracy(k=1), ONE_HOT, SCORES, RIGHT),
        (lambda: metrics.TopKCategoricalAccuracy(k=2), ONE_HOT, SCORES, [1.0, 1.0, 1.0, 0.0]),
        (lambda: metrics.TopKCategoricalAccuracy(k=9), ONE_HOT, SCORES, [1.0] * 4),
        (lambda: metrics.SparseTopKCategoricalAccuracy(k=1), LABELS[:, None], SCORES, RIGHT),
    ],
)
def test_values(metric, y_true, y_pred, right: list[float]) -> None:
    made = metric()
    made.update_state(y_true[:1], y_pred[:1])
    made.update_state(y_true[1:], y_pred[1:])
    assert made.result() == pytest.approx(np.mean(right))
    assert metric()(y_true, y_pred, WEIGHTS) == pytest.approx(np.average(right, weights=WEIGHTS))


def test_functions_give_one_number_for_each_sample() -> None:
    np.testing.assert_array_equal(metrics.categorical_accuracy(ONE_HOT, SCORES), RIGHT)
    got = metrics.sparse_categorical_accuracy(LABELS[:, None], SCORES)
    assert got.shape == (4,)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, RIGHT)
    ids = np.array([[2, 0], [1, 0], [2, 0], [0, 1]])
    got = metrics.sparse_top_k_categorical_accuracy(LABELS, ids, k=1, from_sorted_ids=True)
    np.testing.assert_array_equal(got, [1.0, 0.0, 0.0, 0.0])


def test_sequences() -> None:
    y_pred = np.stack([SCORES, SCORES[::-1]])
    labels = np.stack([LABELS, LABELS[::-1]])
    got = metrics.sparse_categorical_accuracy(labels, y_pred)
    np.testing.assert_array_equal(got, [RIGHT, RIGHT[::-1]])


def test_threshold_is_compared_in_the_type_of_the_predictions() -> None:
    y_pred = np.array([0.3], "float32")  # a little more than the float64 of that name
    assert metrics.binary_accuracy([0], y_pred, threshold=0.3) == [1.0]


@pytest.mark.parametrize(
    ("y_true", "y_pred", "expected"),
    [
        ((None, 1), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 1), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 10), (None, 10), metrics.CategoricalAccuracy),
        ((32, 5), (32, 5, 10), metrics.SparseCategoricalAccuracy),
    ],
)
def test_accuracy_is_chosen_by_shape(y_true, y_pred, expected: type) -> None:
    assert type(metrics.resolve_accuracy(y_true, y_pred)) is expected
    for name in ("accuracy", "acc"):
        metric = metrics.as_metric(name, y_true, y_pred)
        assert type(metric) is expected
        assert metric.name == name
    crossentropy = metrics.as_metric("ce", y_true, y_pred)
    assert type(crossentropy).__name__ == expected.__name__.replace("Accuracy", "Crossentropy")
    assert crossentropy.name == "ce"


def test_choosing_needs_shapes() -> None:
    for name in ("accuracy", "crossentropy"):
        with pytest.raises(ValueError, match="needs the shapes"):
            metrics.as_metric(name)
