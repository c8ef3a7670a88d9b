"""`serialize_keras_object` and `deserialize_keras_object`: what is written comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers
from pynn.saving import (
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)


def cube(x: Any) -> Any:
    return x * x * x


def there_and_back(obj: Any, **options: Any) -> Any:
    return deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(obj))), **options)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2,
        0.5,
        "text",
        b"bytes",
        ...,
        slice(None, 20, 1),
        [1, "two", {"three": [False]}],
        {"a": 1, "b": {"c": None}},
    ],
)
def test_values_come_back(value: Any) -> None:
    assert there_and_back(value) == value


def test_arrays_and_tuples_come_back() -> None:
    array = np.arange(6, dtype="int32").reshape(2, 3)
    found = there_and_back({"x": array, "end": slice(None, array)})
    np.testing.assert_array_equal(found["x"], array)
    assert found["x"].dtype == np.int32
    np.testing.assert_array_equal(found["end"].stop, array)
    assert serialize_keras_object((1, np.float32(2.0))) == (1, 2.0)


@pytest.mark.parametrize(
    "obj",
    [
        layers.Dense(3, activation="relu", kernel_regularizer="l2", name="first"),
        layers.Normalization(mean=0.5, variance=2.0),
        layers.Dense(2, activation=layers.LeakyReLU(negative_slope=0.2, name="leaky")),
        pynn.losses.Huber(0.5),
        pynn.metrics.AUC(num_thresholds=20),
        pynn.optimizers.Adam(pynn.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
        pynn.optimizers.schedules.CosineDecay(0.1, 100),
        pynn.initializers.HeNormal(seed=3),
        pynn.regularizers.L1L2(0.1, 0.2),
        pynn.constraints.MaxNorm(3.0),
    ],
    ids=lambda obj: type(obj).__name__,
)
def test_objects_come_back(obj: Any) -> None:
    found = there_and_back(obj)
    assert type(found) is type(obj)
    assert serialize_keras_object(found) == serialize_keras_object(obj)


def test_models_come_back() -> None:
    inputs = pynn.Input((2,))
    outputs = layers.Dense(1)(layers.Dense(3, activation="tanh")(inputs) * 2.0)
    for model in (
        pynn.Model(inputs, outputs),
        pynn.Sequential([pynn.Input((2,)), layers.Dense(1)]),
    ):
        found = there_and_back(model)
        found.set_weights(model.get_weights())
        x = np.ones((3, 2), "float32")
        np.testing.assert_array_equal(found.predict(x, verbose=0), model.predict(x, verbose=0))


def test_own_classes_and_functions_are_found_by_their_names() -> None:
    class Scaled(layers.Layer):
        def __init__(self, by: float, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.by = by

        def call(self, inputs: Any) -> Any:
            return inputs * self.by

    class Pair:
        def __init__(self, first: int) -> None:
            self.first = first

        def get_config(self) -> dict[str, Any]:
            return {"first": self.first}

    names = {"Scaled": Scaled, "Pair": Pair, "cube": cube}
    assert there_and_back(Scaled(3.0), custom_objects=names).by == 3.0
    assert there_and_back([Pair(1)], custom_objects=names)[0].first == 1
    assert there_and_back(layers.Dense(1, activation=cube), custom_objects=names).activation is cube
    assert there_and_back({"f": cube}, custom_objects=names) == {"f": cube}
    with pytest.raises(ValueError, match="unknown .*Scaled"):
        there_and_back(Scaled(3.0))
    with pytest.raises(ValueError, match="unknown function: 'cube'"):
        there_and_back(cube)
    registered = register_keras_serializable("mine", "Third")(type("Registered", (Pair,), {}))
    config = serialize_keras_object(registered(3))
    assert config["registered_name"] == "mine>Third"
    assert deserialize_keras_object(config).first == 3


def test_functions_of_pynn_are_found_by_their_names() -> None:
    assert there_and_back(pynn.activations.relu) is pynn.activations.relu
    assert there_and_back(pynn.losses.mean_squared_error) is pynn.losses.mean_squared_error


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"class_name": "Dense", "config": [1, 2]}, TypeError, "config of 'Dense' must be a dict"),
        ({"class_name": "function", "config": ["f"]}, TypeError, "function must be its name"),
        ({"class_name": "__lambda__", "config": {"value": "x"}}, ValueError, "would be code"),
        ({"class_name": "Dense", "config": {"units": -1}}, ValueError, "units must be"),
        ({"class_name": "Nothing", "config": {}}, ValueError, "unknown layer class: 'Nothing'"),
        (
            {"class_name": "Nothing", "module": "mine", "config": {}},
            ValueError,
            "unknown class: 'Nothing'",
        ),
        (
            {"class_name": "Dense", "config": {"units": 1}, "registered_name": "mine>Dense"},
            ValueError,
            "registered as 'mine>Dense'",
        ),
        (
            {"class_name": "Sequential", "module": "keras", "config": {"layers": [{}]}},
            ValueError,
            "holds no usable object",
        ),
    ],
)
def test_wrong_configs_are_refused(config: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        deserialize_keras_object(config)


def test_code_is_neither_written_nor_read() -> None:
    with pytest.raises(ValueError, match="a lambda cannot be written down"):
        serialize_keras_object(lambda x: x)
    with pytest.raises(TypeError, match="cannot be written down"):
        serialize_keras_object(object())
    with pytest.raises(ValueError, match="there is no unsafe mode"):
        deserialize_keras_object({}, safe_mode=False)
