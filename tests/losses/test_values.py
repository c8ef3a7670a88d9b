"""Losses of samples against plain float64 NumPy and known values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from losses.cases import CASES, IDS, Case
from pynn import Input, _core, losses

# A few roundings in a formula of values of size 1 to 100.
FLOAT64 = {"rtol": 1e-12, "atol": 1e-13}
# Logarithms of values clipped at 1e-7 in float32 cost some digits.
FLOAT32 = {"rtol": 2e-5, "atol": 2e-6}

NATIVE = [(case, name) for case, name in zip(CASES, IDS, strict=True) if case.loss._native()]


@pytest.mark.parametrize(("dtype", "allowed"), [("float64", FLOAT64), ("float32", FLOAT32)])
@pytest.mark.parametrize("case", [case for case, _ in NATIVE], ids=[name for _, name in NATIVE])
def test_values_are_those_of_the_engine(case: Case, dtype: str, allowed: dict) -> None:
    name, params = case.loss._native()
    y_true, y_pred = case.y_true.astype(dtype), case.y_pred.astype(dtype)
    got = case.loss.call(y_true, y_pred)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, _core.loss_values(name, params, y_true, y_pred), **allowed)


def test_every_loss_of_the_engine_has_a_class() -> None:
    assert {case.loss._native()[0] for case, _ in NATIVE} == set(_core.loss_names())


def test_native_parameters_are_as_many_as_the_engine_takes() -> None:
    for case, _ in NATIVE:
        name, params = case.loss._native()
        assert len(params) == len(_core.loss_parameters(name)), name


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_function_and_class_agree(case: Case) -> None:
    function = case.loss.fn
    arguments = case.loss._fn_kwargs
    np.testing.assert_array_equal(
        function(case.y_true, case.y_pred, **arguments), case.loss.call(case.y_true, case.y_pred)
    )


def test_cosine_similarity() -> None:
    y_true = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    y_pred = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    got = losses.cosine_similarity(y_true, y_pred)
    np.testing.assert_allclose(got, [0.0, -1.0, 0.0], atol=1e-12)
    assert losses.cosine_similarity(y_true, y_pred, axis=0).shape == (2,)


def test_categorical_hinge() -> None:
    y_true = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    y_pred = np.array([[0.6, 0.4, 0.1], [-1.0, -2.0, 3.0]])
    np.testing.assert_allclose(losses.categorical_hinge(y_true, y_pred), [1.2, 0.0])


def test_categorical_focal_crossentropy() -> None:
    y_true = np.array([[0, 1, 0], [0, 0, 1]])
    y_pred = np.array([[0.05, 0.9, 0.05], [0.1, 0.85, 0.05]])
    got = losses.categorical_focal_crossentropy(y_true, y_pred)
    expected = -0.25 * np.array([0.1**2 * np.log(0.9), 0.95**2 * np.log(0.05)])
    np.testing.assert_allclose(got, expected, **FLOAT64)


def test_binary_focal_crossentropy_of_logits_is_that_of_their_sigmoid() -> None:
    y_true, logits = np.array([[0.0, 1.0]]), np.array([[-1.0, 2.0]])
    np.testing.assert_allclose(
        losses.binary_focal_crossentropy(y_true, logits, from_logits=True),
        losses.binary_focal_crossentropy(y_true, 1 / (1 + np.exp(-logits))),
        **FLOAT64,
    )


def test_logits_far_from_zero_stay_finite() -> None:
    logits = np.array([[800.0, -800.0]])
    binary = losses.binary_crossentropy(np.array([[0.0, 1.0]]), logits, from_logits=True)
    np.testing.assert_allclose(binary, [800.0])
    classes = losses.categorical_crossentropy(np.array([[0.0, 1.0]]), logits, from_logits=True)
    np.testing.assert_allclose(classes, [1600.0])
    focal = losses.binary_focal_crossentropy(np.array([[0.0, 1.0]]), logits, from_logits=True)
    np.testing.assert_allclose(focal, [-np.log(1e-7)], rtol=1e-6)  # probabilities are clipped


def test_sparse_crossentropy_takes_labels_with_and_without_their_axis() -> None:
    y_pred = np.array([[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]])
    expected = [-np.log(0.95), -np.log(0.1)]
    for labels in ([1, 2], [[1], [2]], np.array([1, 2], "uint8"), np.array([1.0, 2.0])):
        np.testing.assert_allclose(losses.sparse_categorical_crossentropy(labels, y_pred), expected)


def test_sparse_crossentropy_of_sequences_and_of_another_axis() -> None:
    rng = np.random.default_rng(0)
    y_pred, labels = rng.uniform(0.1, 1, (2, 5, 3)), rng.integers(0, 3, (2, 5))
    one_hot = np.eye(3)[labels]
    expected = losses.categorical_crossentropy(one_hot, y_pred)
    got = losses.sparse_categorical_crossentropy(labels, y_pred)
    np.testing.assert_allclose(got, expected, **FLOAT64)
    moved = np.moveaxis(y_pred, -1, 1)
    got = losses.sparse_categorical_crossentropy(labels, moved, axis=1)
    np.testing.assert_allclose(got, expected, **FLOAT64)


def test_ignored_class_counts_nothing_and_need_not_be_a_class() -> None:
    y_pred = np.full((3, 4), 0.25)
    got = losses.sparse_categorical_crossentropy([0, -1, 3], y_pred, ignore_class=-1)
    np.testing.assert_allclose(got, [np.log(4), 0.0, np.log(4)])


@pytest.mark.parametrize("labels", [[0, 4], [-1, 0]])
def test_labels_that_are_no_class_are_refused(labels: list[int]) -> None:
    with pytest.raises(ValueError, match=r"labels must be in \[0, 4\)"):
        losses.sparse_categorical_crossentropy(labels, np.full((2, 4), 0.25))


def test_labels_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"y_true must have the shape \(2,\)"):
        losses.sparse_categorical_crossentropy([[0, 1], [1, 0]], np.full((2, 4), 0.25))


@pytest.mark.parametrize(
    "function",
    [
        losses.binary_crossentropy,
        losses.binary_focal_crossentropy,
        losses.categorical_crossentropy,
    ],
)
def test_crossentropies_broadcast_nothing(function: Any) -> None:
    message = r"the same shape. Received: y_true.shape=\(2, 1\), y_pred.shape=\(2, 3\)"
    with pytest.raises(ValueError, match=message):
        function([[1.0], [0.0]], np.full((2, 3), 0.5))
    with pytest.raises(ValueError, match="must have the same shape"):
        losses.CLASS_OF[function]()(np.ones((2, 3)), Input((4,)))
    assert function(Input((3,)), Input((3,))).shape == (None,)


def test_ranks_that_differ_by_a_last_axis_of_one_are_matched() -> None:
    column, row = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 1.0, 1.0])
    for y_true, y_pred in ((column, row), (row, column)):
        np.testing.assert_allclose(losses.mean_squared_error(y_true, y_pred), [0.0, 1.0, 9.0])
    matrix = np.arange(6.0).reshape(3, 2)
    for y_true, y_pred in ((matrix[..., None], matrix + 1), (matrix, matrix[..., None] + 1)):
        np.testing.assert_allclose(losses.mean_squared_error(y_true, y_pred), [1.0, 1.0, 1.0])


def test_types_of_arrays_are_kept_and_others_become_floatx() -> None:
    for dtype in ("float32", "float64"):
        y = np.zeros((2, 3), dtype)
        assert losses.mean_squared_error(np.ones((2, 3), "int64"), y).dtype == dtype
    assert losses.mean_squared_error([[1, 2]], [[1, 3]]).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.Huber(delta=0), "delta must be positive"),
        (lambda: losses.Quantile(tau=1), r"tau must be in \(0, 1\)"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2), r"label_smoothing must be in"),
        (lambda: losses.CategoricalCrossentropy(label_smoothing=-1), r"label_smoothing must be in"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_generalized_cross_entropy_lies_between_two_losses() -> None:
    y_true, y_pred = np.array([0, 1]), np.array([[0.25, 0.75], [0.1, 0.9]])
    generalized = losses.categorical_generalized_cross_entropy
    np.testing.assert_allclose(generalized(y_true, y_pred, q=0.5), 2 - 2 * np.sqrt([0.25, 0.9]))
    np.testing.assert_allclose(generalized(y_true, y_pred, q=1e-9), -np.log([0.25, 0.9]), 1e-6)
    np.testing.assert_allclose(generalized(y_true[:, None], y_pred, q=1 - 1e-9), [0.75, 0.1], 1e-6)
    for wrong in (0.0, 1.0, None):
        with pytest.raises(ValueError, match=r"q must be in \(0, 1\). Received: q="):
            losses.CategoricalGeneralizedCrossEntropy(wrong)
    with pytest.raises(ValueError, match=r"labels must be in \[0, 2\)"):
        generalized([0, 2], y_pred, q=0.5)


def test_dice_and_tversky() -> None:
    y_true = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    y_pred = np.array([[0.5, 0.25], [1.0, 0.0], [0.25, 0.5]])
    # 1.5 in common; 3 and 2.5 in sum; not found 1.5, wrong 1
    assert losses.dice(y_true, y_pred) == pytest.approx(1 - 3 / 5.5, abs=1e-6)
    assert losses.tversky(y_true, y_pred) == pytest.approx(1 - 3 / 5.5, abs=1e-6)
    skewed = losses.tversky(y_true, y_pred, alpha=0.2, beta=0.9)
    assert skewed == pytest.approx(1 - 1.5 / (1.5 + 0.2 * 1.5 + 0.9), abs=1e-6)
    assert losses.dice(y_true, y_pred, axis=[1]).shape == (3,)
    again = losses.get(losses.serialize(losses.Dice(axis=[0, 1])))
    assert again.axis == (0, 1)
    with pytest.raises(ValueError, match="y_true and y_pred must have the same shape"):
        losses.dice(y_true, y_pred[:, :1])
