"""Constraints: what weights are forced back to."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pynn import constraints, layers, models

# Lengths of columns: 0, 0.5, 5 and 1; of rows as they come.
W = np.array([[0.0, 0.3, 3.0, -1.0], [0.0, -0.4, 4.0, 0.0]])
# Lengths have backend.epsilon() added before the division.
EPSILON = {"rtol": 1e-6, "atol": 1e-12}


def lengths(w: np.ndarray, axis: int = 0) -> np.ndarray:
    return np.sqrt((w**2).sum(axis))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (constraints.MaxNorm(0.7), [0.0, 0.5, 0.7, 0.7]),
        (constraints.MaxNorm(), [0.0, 0.5, 2.0, 1.0]),
        (constraints.UnitNorm(), [0.0, 1.0, 1.0, 1.0]),
        (constraints.MinMaxNorm(0.8, 2.0), [0.0, 0.8, 2.0, 1.0]),
        (constraints.MinMaxNorm(0.8, 2.0, rate=0.5), [0.0, 0.65, 3.5, 1.0]),
    ],
    ids=repr,
)
def test_lengths(made: constraints.Constraint, expected: list[float]) -> None:
    got = made(W)
    np.testing.assert_allclose(lengths(got), expected, **EPSILON)
    long = lengths(W) > 0
    np.testing.assert_allclose(
        got[:, long] / lengths(got)[long], W[:, long] / lengths(W)[long], rtol=1e-12
    )


def test_axis() -> None:
    got = constraints.UnitNorm(axis=1)(W)
    np.testing.assert_allclose(lengths(got, 1), [1.0, 1.0], **EPSILON)
    got = constraints.MaxNorm(1.0, axis=(0, 1))(W)
    assert np.sqrt((got**2).sum()) == pytest.approx(1.0, rel=1e-6)


def test_non_neg() -> None:
    np.testing.assert_array_equal(constraints.NonNeg()(W), np.maximum(W, 0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["max_norm", "min_max_norm", "non_neg", "unit_norm"])
def test_the_type_is_kept(name: str, dtype: str) -> None:
    made = constraints.get(name)
    assert type(made) is getattr(constraints, name)
    assert made(W.astype(dtype)).dtype == dtype


def test_the_base_class_changes_nothing() -> None:
    assert constraints.Constraint()(W) is W


def test_training_keeps_to_a_constraint() -> None:
    model = models.Sequential(
        [layers.Input((3,)), layers.Dense(2, kernel_constraint=constraints.MaxNorm(0.1))]
    )
    model.compile(loss="mse", optimizer="sgd")
    model.fit(np.ones((8, 3)), np.ones((8, 2)), batch_size=4, verbose=0)
    assert lengths(model.get_weights()[0]).max() <= 0.1 * (1 + 1e-6)


def test_get_of_other_things() -> None:
    assert constraints.get(None) is None
    assert constraints.get(np.abs) is np.abs
    with pytest.raises(ValueError, match="unknown constraint: 'maxnrm'"):
        constraints.get("maxnrm")


@pytest.mark.parametrize(
    "made",
    [
        constraints.MaxNorm(3.0, axis=(0, 1)),
        constraints.MinMaxNorm(0.5, 2.0, 0.5, axis=1),
        constraints.UnitNorm(1),
        constraints.NonNeg(),
    ],
    ids=repr,
)
def test_configs_survive_json(made: constraints.Constraint) -> None:
    again = constraints.deserialize(json.loads(json.dumps(constraints.serialize(made))))
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()
    np.testing.assert_array_equal(again(W), made(W))
