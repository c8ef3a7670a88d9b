"""The prediction of a small batch takes paths of its own through the engine, to the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers

FEATURES = 20


def sequential(features: int = FEATURES) -> pynn.Model:
    return pynn.Sequential(
        [
            pynn.Input((features,)),
            layers.Dense(33, activation="relu"),
            layers.Dense(17, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )


def wide_and_deep() -> pynn.Model:
    """The input is read by a product, and by an op that needs its lanes."""
    x = pynn.Input((FEATURES,))
    hidden = layers.Dense(18, activation="relu")(x)
    return pynn.Model(x, layers.Dense(2)(layers.concatenate([x, hidden])))


def two_readers() -> pynn.Model:
    x = pynn.Input((FEATURES,))
    return pynn.Model(x, layers.add([layers.Dense(19)(x), layers.Dense(19, activation="relu")(x)]))


def passed_through() -> pynn.Model:
    x = pynn.Input((FEATURES,))
    return pynn.Model(x, [layers.Dense(24)(x), x])


@pytest.mark.parametrize("build", [sequential, wide_and_deep, two_readers, passed_through])
@pytest.mark.parametrize("kind", ["float32", "float64", "uint8", "fortran"])
def test_bits(build: Any, kind: str) -> None:
    pynn.utils.set_random_seed(3)
    model = build()
    x = np.random.default_rng(0).uniform(0, 9, (40, FEATURES))
    x = np.asfortranarray(x, "float32") if kind == "fortran" else x.astype(kind)
    many = model.predict(x, verbose=0)
    for n in (*range(1, 11), 17):
        some = x[40 - n :]
        for got in (model.predict(some, verbose=0), model(some), model.predict_on_batch(some)):
            for a, b in zip(*(v if isinstance(v, list) else [v] for v in (got, many)), strict=True):
                np.testing.assert_array_equal(np.asarray(a), b[40 - n :])
    # What a small batch has left behind is not taken for the lanes of a large one.
    for a, b in zip(model.predict(x, verbose=0), many, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("features", [1, 2, 3, 4, 5, 15, 16, 17])
@pytest.mark.parametrize("kind", ["float32", "float64", "int8"])
def test_narrow_inputs(features: int, kind: str) -> None:
    pynn.utils.set_random_seed(3)
    model = sequential(features)
    x = np.random.default_rng(0).uniform(-9, 9, (40, features)).astype(kind)
    many = model.predict(x, verbose=0)
    for n in range(1, 10):
        np.testing.assert_array_equal(model.predict(x[:n], verbose=0), many[:n])
        np.testing.assert_array_equal(model(x[:n]), many[:n])


def test_a_result_is_of_the_type_asked_for() -> None:
    model = sequential()
    x = np.zeros((2, FEATURES), np.float32)
    model(x)
    assert model(x).numpy().shape == (2, 3)
    assert type(model.predict_on_batch(x)) is np.ndarray
    assert model(x).flags.writeable and model(x).flags.owndata
