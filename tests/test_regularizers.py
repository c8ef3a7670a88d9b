"""Regularizers: penalties of arrays, names and configs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pynn import layers, models, ops, regularizers

W = np.array([[1.0, -2.0], [3.0, 0.5]])


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (regularizers.L1(0.1), 0.65),
        (regularizers.L2(0.1), 1.425),
        (regularizers.L1L2(0.1, 0.2), 0.65 + 2.85),
        (regularizers.L1L2(), 0.0),
        (regularizers.L1(), 0.065),
        (regularizers.Regularizer(), 0.0),
    ],
)
def test_penalties(made: regularizers.Regularizer, expected: float) -> None:
    assert float(made(W)) == pytest.approx(expected)
    assert float(made(W.tolist())) == pytest.approx(expected, rel=1e-6)


def test_strengths_are_there_for_the_engine() -> None:
    for made, l1, l2 in (
        (regularizers.L1(0.5), 0.5, 0.0),
        (regularizers.L2(0.5), 0.0, 0.5),
        (regularizers.L1L2(l1=1), 1.0, 0.0),
    ):
        assert (made.l1, made.l2) == (l1, l2)
    assert not hasattr(regularizers.OrthogonalRegularizer(), "l1")


def test_orthogonal_penalty_is_the_mean_absolute_cosine() -> None:
    w = np.array([[1.0, 0.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 2.0]])
    assert regularizers.OrthogonalRegularizer(1.0)(w) == pytest.approx(0.6 / 3)
    assert regularizers.OrthogonalRegularizer(1.0, mode="columns")(w.T) == pytest.approx(0.6 / 3)
    assert regularizers.OrthogonalRegularizer(1.0)(np.eye(3)) == pytest.approx(0.0)
    with pytest.raises(ValueError, match="x must have two axes"):
        regularizers.OrthogonalRegularizer()(np.ones(3))


class Cubic(regularizers.Regularizer):
    def __call__(self, x):
        return 0.01 * ops.sum(ops.abs(x) ** 3)


# The sum is over float32 weights.
@pytest.mark.parametrize(
    "made",
    [
        regularizers.L1L2(0.01, 0.02),
        regularizers.OrthogonalRegularizer(0.1),
        regularizers.OrthogonalRegularizer(0.1, "columns"),
        Cubic(),
    ],
    ids=lambda made: type(made).__name__,
)
def test_the_loss_of_a_model_includes_the_penalty(made: regularizers.Regularizer) -> None:
    model = models.Sequential([layers.Input((3,)), layers.Dense(4, kernel_regularizer=made)])
    model.compile(loss="mse", optimizer="sgd")
    x, y = np.ones((5, 3)), np.zeros((5, 4))
    kernel, bias = model.get_weights()
    expected = np.mean((x @ kernel + bias) ** 2) + float(made(kernel.astype("float64")))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("value", [-0.1, np.inf, np.nan, "a", True])
def test_other_strengths_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="l2 must be a number that is not negative"):
        regularizers.L2(value)
    with pytest.raises(ValueError, match="factor must be"):
        regularizers.OrthogonalRegularizer(value)


def test_mode_is_checked() -> None:
    with pytest.raises(ValueError, match="mode must be 'rows' or 'columns'"):
        regularizers.OrthogonalRegularizer(mode="diagonal")


def test_names() -> None:
    assert type(regularizers.get("l1")) is regularizers.L1
    assert type(regularizers.get("L2")) is regularizers.L2
    assert type(regularizers.get("l1_l2")) is regularizers.L1L2
    made = regularizers.get("orthogonal_regularizer")
    assert type(made) is regularizers.OrthogonalRegularizer
    assert regularizers.l2(0.3).l2 == 0.3
    assert regularizers.get(None) is None
    assert regularizers.get(np.sum) is np.sum
    with pytest.raises(ValueError, match="unknown regularizer: 'l3'"):
        regularizers.get("l3")


@pytest.mark.parametrize(
    "made",
    [
        regularizers.L1(0.1),
        regularizers.L2(0.1),
        regularizers.L1L2(0.1, 0.2),
        regularizers.OrthogonalRegularizer(0.1, "columns"),
    ],
    ids=repr,
)
def test_configs_survive_json(made: regularizers.Regularizer) -> None:
    again = regularizers.deserialize(json.loads(json.dumps(regularizers.serialize(made))))
    assert type(again) is type(made)
    assert again(W) == made(W)
