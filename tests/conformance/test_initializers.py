"""Every initializer: shape, range and moments, and what a seed means."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import EXACT, assert_agree, generator

SHAPE = (160, 125)
COUNT = SHAPE[0] * SHAPE[1]
RANDOM: list[tuple[str, dict[str, Any]]] = [
    *[
        (name, {})
        for name in (
            "GlorotNormal",
            "GlorotUniform",
            "HeNormal",
            "HeUniform",
            "LecunNormal",
            "LecunUniform",
            "RandomNormal",
            "RandomUniform",
            "TruncatedNormal",
            "VarianceScaling",
            "Orthogonal",
        )
    ],
    ("RandomNormal", {"mean": 1.0, "stddev": 2.0}),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 2.0}),
    ("Orthogonal", {"gain": 2.0}),
    *[
        ("VarianceScaling", {"scale": 2.0, "mode": mode, "distribution": distribution})
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ],
]
FIXED: list[tuple[str, dict[str, Any]]] = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {}),
    ("Constant", {"value": 2.5}),
    ("Identity", {}),
    ("Identity", {"gain": 3.0}),
]
IDS = [f"{name}-{'-'.join(map(str, options.values())) or 'plain'}" for name, options in RANDOM]


def instances(name: str, options: dict[str, Any], **more: Any) -> tuple[Any, Any]:
    made = {**options, **more}
    return getattr(pynn.initializers, name)(**made), getattr(keras.initializers, name)(**made)


def test_nothing_is_left_out() -> None:
    classes = [getattr(pynn.initializers, n) for n in pynn.initializers.__all__ if n[0].isupper()]
    names = {cls.__name__ for cls in classes}
    assert names - {"Initializer", "RandomInitializer"} == {name for name, _ in RANDOM + FIXED}


@pytest.mark.parametrize(("name", "options"), RANDOM, ids=IDS)
def test_moments_and_range(name: str, options: dict[str, Any]) -> None:
    ours, theirs = (np.asarray(made(SHAPE), "float64") for made in instances(name, options, seed=7))
    assert ours.shape == theirs.shape
    deviation = theirs.std()
    # Five standard errors of the difference of two means, and of two standard deviations.
    error = 5 * deviation * np.sqrt(2 / COUNT)
    assert abs(ours.mean() - theirs.mean()) < error
    assert abs(ours.std() - deviation) < error
    uniform = "Uniform" in name or options.get("distribution") == "uniform"
    if uniform or ("untruncated" not in str(options) and "RandomNormal" not in name):
        if name != "Orthogonal":
            # Where the distribution ends, both get close to the end and stay inside of it.
            assert ours.max() == pytest.approx(theirs.max(), abs=0.03 * deviation)
            assert ours.min() == pytest.approx(theirs.min(), abs=0.03 * deviation)
    # The shape of the distribution: deciles in units of its standard deviation.
    at = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(
        np.quantile(ours, at) / deviation, np.quantile(theirs, at) / deviation, atol=0.06
    )


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)], ids=str)
@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_orthogonal_matrices(shape: tuple[int, int], gain: float) -> None:
    for made in instances("Orthogonal", {"gain": gain}, seed=3):
        matrix = np.asarray(made(shape), "float64")
        small = matrix @ matrix.T if shape[0] < shape[1] else matrix.T @ matrix
        np.testing.assert_allclose(small, gain**2 * np.eye(min(shape)), atol=1e-5)


@pytest.mark.parametrize(("name", "options"), RANDOM, ids=IDS)
def test_a_seed_repeats_and_no_seed_does_not(name: str, options: dict[str, Any]) -> None:
    for seed in (5, None):
        for made in instances(name, options, seed=seed):
            first, second = np.asarray(made((6, 4))), np.asarray(made((6, 4)))
            assert made.get_config()["seed"] == seed or seed is None
            # Keras: "an initializer seeded with an integer or None will produce the same random
            # values across multiple calls".
            np.testing.assert_array_equal(first, second)
        ours, theirs = instances(name, options, seed=seed)
        again = (type(ours)(**{**options, "seed": seed}), type(theirs)(**{**options, "seed": seed}))
        for one, other in zip((ours, theirs), again, strict=True):
            same = np.array_equal(np.asarray(one((6, 4))), np.asarray(other((6, 4))))
            assert same == (seed is not None)


@pytest.mark.parametrize(("name", "options"), FIXED)
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (5, 2)], ids=str)
def test_fixed_values(name: str, options: dict[str, Any], shape: tuple[int, int]) -> None:
    ours, theirs = instances(name, options)
    assert_agree(ours(shape), theirs(shape), EXACT)


@pytest.mark.parametrize("shape", [(), (4,), (3, 5)], ids=str)
@pytest.mark.parametrize("name", ["GlorotUniform", "HeNormal", "LecunUniform"])
def test_fans_of_other_ranks(name: str, shape: tuple[int, ...]) -> None:
    ours, theirs = instances(name, {})
    fans = keras.src.initializers.random_initializers.compute_fans(shape)
    assert pynn.initializers.compute_fans(shape) == fans
    assert np.shape(ours(shape)) == np.shape(theirs(shape)) == shape


def test_a_constant_array() -> None:
    value = generator("constant").standard_normal((3, 2)).astype("float32")
    ours, theirs = instances("Constant", {"value": value})
    assert_agree(ours((3, 2)), theirs((3, 2)), EXACT)
