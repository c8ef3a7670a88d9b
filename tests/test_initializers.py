"""Initializers: distributions, seeds, shapes and names."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pynn import _state, initializers
from pynn.random import SeedGenerator, set_seed

SHAPE = (600, 200)
# Standard errors of mean and deviation of 120,000 samples are 0.3% and 0.2% of the deviation.
FOUR_ERRORS = 0.012
# Deviation of a standard normal variable that is cut off at -2 and 2.
TRUNCATED = 0.87962566

RANDOM = [
    (initializers.GlorotNormal, math.sqrt(1 / 400), 2 / TRUNCATED),
    (initializers.GlorotUniform, math.sqrt(1 / 400), math.sqrt(3)),
    (initializers.HeNormal, math.sqrt(2 / 600), 2 / TRUNCATED),
    (initializers.HeUniform, math.sqrt(2 / 600), math.sqrt(3)),
    (initializers.LecunNormal, math.sqrt(1 / 600), 2 / TRUNCATED),
    (initializers.LecunUniform, math.sqrt(1 / 600), math.sqrt(3)),
    (initializers.RandomNormal, 0.05, math.inf),
    (initializers.RandomUniform, 0.05 / math.sqrt(3), math.sqrt(3)),
    (initializers.TruncatedNormal, 0.05 * TRUNCATED, 2 / TRUNCATED),
]
IDS = [cls.__name__ for cls, _, _ in RANDOM]


@pytest.mark.parametrize(("cls", "stddev", "limit"), RANDOM, ids=IDS)
def test_distribution(cls: type, stddev: float, limit: float) -> None:
    values = cls(seed=5)(SHAPE, dtype="float64")
    assert values.shape == SHAPE
    assert abs(values.mean()) < FOUR_ERRORS * stddev
    assert values.std() == pytest.approx(stddev, rel=FOUR_ERRORS)
    assert np.abs(values).max() <= limit * stddev
    assert np.abs(values).max() > 0.99 * min(limit, 4.0) * stddev


@pytest.mark.parametrize(
    ("mode", "fan"), [("fan_in", 600.0), ("fan_out", 200.0), ("fan_avg", 400.0)]
)
@pytest.mark.parametrize(
    ("distribution", "limit"),
    [
        ("truncated_normal", 2 / TRUNCATED),
        ("normal", 2 / TRUNCATED),
        ("untruncated_normal", math.inf),
        ("uniform", math.sqrt(3)),
    ],
)
def test_variance_scaling(mode: str, fan: float, distribution: str, limit: float) -> None:
    make = initializers.VarianceScaling(3.0, mode, distribution, seed=1)
    values = make(SHAPE)
    stddev = math.sqrt(3.0 / fan)
    assert values.std() == pytest.approx(stddev, rel=FOUR_ERRORS)
    assert np.abs(values).max() <= limit * stddev * (1 + 1e-6)


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((5,), (5, 5)), ((3, 4), (3, 4)), ((2, 3, 4, 5), (24, 30))],
)
def test_fans(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    assert initializers.compute_fans(shape) == fans


def test_weights_without_inputs_have_the_variance_of_one_input() -> None:
    assert np.isfinite(initializers.HeNormal(seed=1)((0, 3))).all()


@pytest.mark.parametrize(("cls", "_", "__"), RANDOM, ids=IDS)
def test_seeds(cls: type, _: float, __: float) -> None:
    first = cls(seed=1)
    np.testing.assert_array_equal(first((3, 2)), first((3, 2)))
    np.testing.assert_array_equal(first((3, 2)), cls(seed=1)((3, 2)))
    assert not np.array_equal(first((3, 2)), cls(seed=2)((3, 2)))
    assert not np.array_equal(cls()((3, 2)), cls()((3, 2)))
    generated = cls(seed=SeedGenerator(1))
    assert not np.array_equal(generated((3, 2)), generated((3, 2)))
    set_seed(7)
    drawn = cls()((3, 2))
    set_seed(7)
    np.testing.assert_array_equal(drawn, cls()((3, 2)))
    set_seed(None)


@pytest.mark.parametrize("seed", [-1, 1.5, "x", True])
def test_other_seeds_are_refused(seed: object) -> None:
    with pytest.raises(ValueError, match="seed must be a non-negative integer"):
        initializers.HeNormal(seed=seed)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 3, 4)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    w = initializers.Orthogonal(gain=2.0, seed=3)(shape, dtype="float64")
    assert w.shape == shape
    matrix = w.reshape(-1, shape[-1]) / 2.0
    small = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)
    with pytest.raises(ValueError, match="at least two axes"):
        initializers.Orthogonal()((3,))


def test_constants() -> None:
    np.testing.assert_array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3), "float32"))
    np.testing.assert_array_equal(initializers.Ones()((2,), dtype="float64"), np.ones(2))
    np.testing.assert_array_equal(initializers.Constant(2.5)((2, 2)), np.full((2, 2), 2.5))
    np.testing.assert_array_equal(initializers.Constant([1, 2])((3, 2)), [[1, 2]] * 3)
    np.testing.assert_array_equal(initializers.Identity(3.0)((2, 3)), 3 * np.eye(2, 3))
    with pytest.raises(ValueError, match="shape must have two axes"):
        initializers.Identity()((2,))


@pytest.mark.parametrize(
    "make", [*(cls(seed=1) for cls, _, _ in RANDOM), initializers.Zeros(), initializers.Ones()]
)
def test_dtype_is_floatx_unless_given(make: initializers.Initializer) -> None:
    assert make((2, 2)).dtype == _state.floatx()
    assert make((2, 2), dtype="float64").dtype == np.float64


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("glorot_uniform", initializers.GlorotUniform),
        ("he_normal", initializers.HeNormal),
        ("HeNormal", initializers.HeNormal),
        ("lecun_uniform", initializers.LecunUniform),
        ("normal", initializers.RandomNormal),
        ("uniform", initializers.RandomUniform),
        ("truncated_normal", initializers.TruncatedNormal),
        ("zeros", initializers.Zeros),
        ("zero", initializers.Zeros),
        ("one", initializers.Ones),
        ("identity", initializers.Identity),
        ("orthogonal", initializers.Orthogonal),
        ("variance_scaling", initializers.VarianceScaling),
    ],
)
def test_names(name: str, cls: type) -> None:
    assert type(initializers.get(name)) is cls
    if name not in ("HeNormal", "normal", "uniform", "zero", "one"):
        assert getattr(initializers, name) is cls


def test_get_of_other_things() -> None:
    def own(shape, dtype=None):
        return np.full(shape, 7, dtype)

    assert initializers.get(own) is own
    assert initializers.get(None) is None
    np.testing.assert_array_equal(initializers.get(np.eye(2))((2, 2)), np.eye(2))
    with pytest.raises(ValueError, match="broadcast"):
        initializers.get(np.eye(2))((3, 3))
    with pytest.raises(ValueError, match="unknown initializer: 'he_norm'"):
        initializers.get("he_norm")


@pytest.mark.parametrize(
    "made",
    [
        *(cls(seed=9) for cls, _, _ in RANDOM),
        initializers.VarianceScaling(2.0, "fan_avg", "uniform", seed=4),
        initializers.Orthogonal(0.5, seed=4),
        initializers.Constant(np.array([1.0, 2.0])),
        initializers.Identity(2.0),
        initializers.Zeros(),
        initializers.HeNormal(seed=SeedGenerator(3)),
    ],
    ids=repr,
)
def test_configs_survive_json(made: initializers.Initializer) -> None:
    config = json.loads(json.dumps(initializers.serialize(made)))
    again = initializers.deserialize(config)
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()
    if not isinstance(getattr(made, "seed", None), SeedGenerator):
        np.testing.assert_array_equal(again((2, 2)), made((2, 2)))
        np.testing.assert_array_equal(made.clone()((2, 2)), made((2, 2)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0}, "scale must be positive"),
        ({"mode": "fan"}, "mode must be one of"),
        ({"distribution": "cauchy"}, "distribution must be one of"),
    ],
)
def test_variance_scaling_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        initializers.VarianceScaling(**arguments)
