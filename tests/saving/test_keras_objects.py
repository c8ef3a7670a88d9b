"""`serialize_keras_object` and `deserialize_keras_object`: what is written comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, ops
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
        layers.InputLayer(shape=(2,), optional=True, name="rows"),
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


def test_a_sequential_without_inputs_comes_back() -> None:
    model = pynn.Sequential([layers.Dense(1)])
    assert not there_and_back(model).built
    config = serialize_keras_object(model)
    config["config"]["build_input_shape"] = [None, 3]
    assert deserialize_keras_object(config).input_shape == (None, 3)


NUMPY = "keras.src.ops.numpy"
ACTIVATIONS = "keras.src.activations.activations"
ROWS = np.linspace(-2, 2, 12, dtype="float32").reshape(3, 4)


def array(*values: float) -> dict[str, Any]:
    return {"class_name": "__numpy__", "config": {"value": values, "dtype": "float32"}}


@pytest.mark.parametrize(
    ("module", "name", "config", "args", "kwargs", "expected"),
    [
        (
            ACTIVATIONS,
            "ReLU",
            {"negative_slope": 0.5, "max_value": 1.0, "threshold": 0.0},
            [],
            {},
            np.clip(np.where(ROWS < 0, ROWS / 2, ROWS), None, 1),
        ),
        (ACTIVATIONS, "Mish", {}, [], {}, pynn.activations.mish(ROWS)),
        (NUMPY, "Floor", {"dtype": None}, [], {}, np.floor(ROWS)),
        (
            "keras.src.ops.nn",
            "BatchNorm",
            {"axis": -1, "epsilon": 0.5},
            [array(1, 2, 3, 4), array(0.5, 3.5, 0.5, 3.5)],
            {"scale": array(1, 1, 2, 2)},
            (ROWS - [1, 2, 3, 4]) / [1, 2, 1, 2] * [1, 1, 2, 2],
        ),
    ],
    ids=["ReLU", "Mish", "an argument that is not given", "BatchNorm"],
)
def test_operations_come_back(
    module: str, name: str, config: Any, args: Any, kwargs: Any, expected: np.ndarray
) -> None:
    inputs = pynn.Input((4,))
    made = serialize_keras_object(pynn.Model(inputs, inputs - 1.0))
    entry = made["config"]["layers"][1]
    entry.update(module=module, class_name=name, config={"name": entry["name"], **config})
    call = entry["inbound_nodes"][0]
    call.update(args=[call["args"][0], *args], kwargs=kwargs)
    for model in (deserialize_keras_object(made), there_and_back(deserialize_keras_object(made))):
        np.testing.assert_allclose(model.predict(ROWS, verbose=0), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("compute", "written"),
    [
        (lambda x: x[:, [1, 0]], "Take"),
        (lambda x: ops.take(np.eye(4, dtype="f"), ops.cast(ops.abs(x), "int32"), 0), "Take"),
        (lambda x: ops.take(np.eye(4, dtype="f"), ops.floor(ops.abs(x)), 0), "Operation"),
        (lambda x: ops.take(x, np.array([1, 0]), 1, wraps=False), "Take"),
        (lambda x: ops.take(x, np.array([1.0, 0.0]), 1), "Operation"),
        (lambda x: ops.merge_add([x, x]), "Add"),
    ],
)
def test_ops_are_written_as_keras_has_them(compute: Any, written: str) -> None:
    inputs = pynn.Input((4,))
    model = pynn.Model(inputs, compute(inputs))
    assert serialize_keras_object(model)["config"]["layers"][-1]["class_name"] == written
    found = there_and_back(model)
    np.testing.assert_array_equal(found.predict(ROWS, verbose=0), model.predict(ROWS, verbose=0))


class Called(layers.Layer):
    def call(self, inputs: Any, how: Any = None) -> Any:
        if isinstance(inputs, dict):
            return inputs["a"] - inputs["b"]
        return inputs * abs(how[1])


def test_what_layers_are_called_on_comes_back() -> None:
    a, b = pynn.Input((4,), name="a"), pynn.Input((4,), name="b")
    model = pynn.Model([a, b], Called()({"b": b, "a": a}))
    found = there_and_back(model, custom_objects={"Called": Called})
    np.testing.assert_array_equal(found.predict([ROWS, 2 * ROWS], verbose=0), -ROWS)
    config = serialize_keras_object(pynn.Model(a, Called()(a, how=(1, 2))))
    call = config["config"]["layers"][1]["inbound_nodes"][0]
    call["kwargs"] = {"how": {"class_name": "__tuple__", "items": [1, 3]}}
    found = deserialize_keras_object(config, custom_objects={"Called": Called})
    np.testing.assert_array_equal(found.predict(ROWS, verbose=0), 3 * ROWS)


def test_what_cannot_be_written_of_a_call_is_named() -> None:
    inputs = pynn.Input((4,))
    dense = layers.Dense(4, name="dense")
    with pytest.raises(ValueError, match="the weight 'dense/bias' is used between layers"):
        serialize_keras_object(pynn.Model(inputs, dense(inputs) + dense.bias))
    with pytest.raises(ValueError, match="is called on 2j, which cannot be written down"):
        serialize_keras_object(pynn.Model(inputs, Called()(inputs, how=[1, 2j])))


def test_what_keras_wraps_is_taken_out() -> None:
    made = deserialize_keras_object(
        {
            **{"class_name": "Reshape", "module": "keras.layers"},
            "config": {"target_shape": {"class_name": "__tuple__", "items": [2, 3]}},
        }
    )
    assert made.target_shape == (2, 3)
    made = deserialize_keras_object(
        {
            **{"class_name": "Normalization", "module": "keras.layers"},
            "config": {"mean": array(1.0, 2.0), "variance": [[3.0, 4.0]]},
        }
    )
    np.testing.assert_allclose(made(np.array([[3.0, 8.0]])), [[2 / np.sqrt(3), 3.0]], rtol=1e-6)
    seed = {"class_name": "SeedGenerator", "module": "keras.random", "config": {"seed": 3}}
    made = deserialize_keras_object(
        {"class_name": "RandomNormal", "module": "keras.initializers", "config": {"seed": seed}}
    )
    assert made.get_config()["seed"] is None


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
