"""NumPy's numbers are numbers: what a search or an array's shape hands over is taken as it is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, regularizers
from pynn.models import Sequential

ONE, TWO, HALF = np.int64(1), np.int64(2), np.float32(0.5)
CASES: dict[str, tuple[Any, Any]] = {
    "Dense": (lambda: layers.Dense(TWO), lambda: layers.Dense(2)),
    "Dropout": (lambda: layers.Dropout(HALF), lambda: layers.Dropout(0.5)),
    "Dropout of an integer": (lambda: layers.Dropout(np.int64(0)), lambda: layers.Dropout(0)),
    "AlphaDropout": (lambda: layers.AlphaDropout(HALF), lambda: layers.AlphaDropout(0.5)),
    "GaussianDropout": (lambda: layers.GaussianDropout(HALF), lambda: layers.GaussianDropout(0.5)),
    "GaussianNoise": (lambda: layers.GaussianNoise(HALF), lambda: layers.GaussianNoise(0.5)),
    "BatchNormalization": (
        lambda: layers.BatchNormalization(axis=ONE),
        lambda: layers.BatchNormalization(axis=1),
    ),
    "Softmax": (lambda: layers.Softmax(ONE), lambda: layers.Softmax(1)),
    "PReLU": (lambda: layers.PReLU(shared_axes=ONE), lambda: layers.PReLU(shared_axes=[1])),
    "L2": (
        lambda: layers.Dense(2, kernel_regularizer=regularizers.L2(HALF)),
        lambda: layers.Dense(2, kernel_regularizer=regularizers.L2(0.5)),
    ),
}


@pytest.mark.parametrize(("given", "plain"), CASES.values(), ids=CASES.keys())
def test_numbers_of_numpy_make_the_same_layer(given: Any, plain: Any) -> None:
    made, expected = given().get_config(), plain().get_config()
    assert {**made, "name": ""} == {**expected, "name": ""}
    model = Sequential([pynn.Input((4,)), given()])
    assert model.predict(np.ones((3, 4), "float32"), verbose=0).shape[0] == 3
    json.loads(model.to_json())  # plain numbers are what is written down


def test_dot_along_an_axis_of_numpy() -> None:
    rows = np.array([[1.0, 2.0]])
    assert layers.Dot(axes=ONE)([rows, rows]).tolist() == [[5.0]]


def test_a_whole_network_of_numpy_sizes() -> None:
    assert pynn.MLP(np.int64(5), np.int64(3), input_shape=np.int64(4)).count_params() == 43
    assert pynn.MLP(np.array([5, 4]), 3, input_shape=4).count_params() == 64
    with pytest.raises(ValueError, match=r"units must be a positive integer. Received: units=5.0"):
        pynn.MLP(5.0, 3)


def test_a_layer_by_a_number_of_numpy() -> None:
    model = pynn.MLP(5, 3, input_shape=4)
    assert model.get_layer(index=ONE) is model.get_layer(ONE) is model.layers[1]


def test_settings_of_numpy() -> None:
    before = pynn.backend.epsilon()
    try:
        pynn.backend.set_epsilon(np.float32(0.25))
        assert pynn.backend.epsilon() == 0.25
    finally:
        pynn.backend.set_epsilon(before)
    with pytest.raises(ValueError, match="epsilon must be a positive number"):
        pynn.backend.set_epsilon(True)
