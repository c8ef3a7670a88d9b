"""`pynn.Variable`: by itself, on a tape, in layers and models, trained, assigned to and saved."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, ops

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X.sum(axis=1, keepdims=True) * 2 + 1


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1, None, "int32"),
        (1.0, None, "float32"),
        (True, None, "bool"),
        ([1, 2], None, "int32"),
        ([1.0, 2.0], None, "float32"),
        (np.ones(2), None, "float32"),
        (np.ones(2), "float64", "float64"),
        (np.arange(3, dtype="int64"), None, "int64"),
        (3, "float32", "float32"),
    ],
)
def test_its_type(value: Any, dtype: Any, expected: str) -> None:
    variable = pynn.Variable(value, dtype=dtype)
    assert (variable.dtype, variable.shape) == (expected, np.shape(value))
    assert variable.trainable == expected.startswith("float")
    np.testing.assert_array_equal(variable.numpy(), np.asarray(value, expected))


@pytest.mark.parametrize(
    "make", ["ones", pynn.initializers.Ones(), lambda shape, dtype: 1 + np.zeros(shape)]
)
def test_an_initializer_makes_its_value(make: Any) -> None:
    variable = pynn.Variable(make, shape=(2, 3), dtype="float64", name="kernel")
    np.testing.assert_array_equal(variable.numpy(), np.ones((2, 3)))
    assert (variable.dtype, variable.name, variable.path) == ("float64", "kernel", "kernel")
    with pytest.raises(ValueError, match="needs to know the shape"):
        pynn.Variable(make)
    with pytest.raises(ValueError, match="shape of a weight must be known"):
        pynn.Variable(make, shape=(None, 3))


def test_what_is_refused() -> None:
    for arguments in ({"name": "a/b"}, {"aggregation": "some"}, {"dtype": "float16"}):
        with pytest.raises(ValueError, match=r"Received: (name|aggregation|dtype)="):
            pynn.Variable(1.0, **arguments)
    with pytest.raises(ValueError, match="must have the shape"):
        pynn.Variable([1.0, 2.0]).assign([1.0])


def test_names_count_up() -> None:
    pynn.backend.clear_session()
    assert [pynn.Variable(0.0).name for _ in range(2)] == ["variable", "variable_1"]


def test_a_layer_s_weights_are_variables() -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    assert all(type(weight) is pynn.Variable for weight in layer.weights)


def test_whole_numbers_are_counted_in() -> None:
    count = pynn.Variable(3, dtype="int64", trainable=False)
    assert int(count.assign_add(2).assign_sub(1)) == 4
    assert (count + 1, float(count), f"{int(count)}") == (5, 4.0, "4")


def test_one_is_fitted_on_a_tape() -> None:
    a, b = pynn.Variable(np.zeros((3, 1))), pynn.Variable(0.0)
    optimizer = pynn.optimizers.SGD(0.3)
    for _ in range(300):
        with pynn.Tape() as tape:
            loss = ops.mean(ops.square(X @ a + b - Y))
        gradients = tape.gradient(loss, [a, b])
        optimizer.apply(gradients, [a, b])
    np.testing.assert_allclose(X @ a.numpy() + float(b), Y, atol=1e-3)


class Scaled(layers.Layer):
    """Variables in an attribute, in a list and in a dict, and a count of calls."""

    def __init__(self, count: str = "float32", **options: Any) -> None:
        super().__init__(**options)
        self.scale = pynn.Variable(1.0, name="scale")
        self.others = [pynn.Variable(np.zeros(3), name="offset")]
        self.kept = {"factor": pynn.Variable(1.0, name="factor", trainable=False)}
        self.count = pynn.Variable(0, dtype=count, trainable=False, name="count")

    def build(self, input_shape: Any) -> None:
        self.more = self.add_weight(shape=(input_shape[-1],), name="more")

    def call(self, inputs: Any) -> Any:
        self.count.assign_add(1)
        return inputs * self.scale * self.kept["factor"] + self.others[0] + self.more


@pytest.mark.parametrize("count", ["float32", "int32"])
def test_those_in_attributes_are_trained_counted_and_saved(count: str, tmp_path: Path) -> None:
    def make() -> pynn.Model:
        return pynn.Sequential([pynn.Input((3,)), Scaled(count, name="s"), layers.Dense(1)])

    model = make()
    layer = model.layers[0]
    names = [weight.name for weight in layer.weights]
    assert sorted(names) == ["count", "factor", "more", "offset", "scale"]
    assert {w.name for w in layer.trainable_weights} == {"more", "offset", "scale"}
    model.compile(pynn.optimizers.SGD(0.1), "mse")
    loss = model.fit(X, Y, epochs=20, batch_size=4, verbose=0).history["loss"]
    assert loss[-1] < 0.1 * loss[0]
    assert float(layer.scale) != 1
    assert float(layer.kept["factor"]) == 1
    assert int(layer.count) == 40
    custom = {"Scaled": Scaled}
    for file in ("model.pynn", "model.keras"):
        model.save(tmp_path / file)
        again = pynn.models.load_model(tmp_path / file, custom_objects=custom)
        for mine, its in zip(model.weights, again.weights, strict=True):
            assert (mine.name, mine.dtype) == (its.name, its.dtype)
            np.testing.assert_array_equal(mine.numpy(), its.numpy())
    other = make()
    other.set_weights(model.get_weights())
    assert int(other.layers[0].count) == int(layer.count)
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_add_weight_makes_whole_numbers() -> None:
    class Counting(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.seen = self.add_weight(shape=(), dtype="int32", trainable=False, name="seen")

        def call(self, inputs: Any) -> Any:
            self.seen.assign_add(ops.shape(inputs)[1])
            return inputs

    layer = Counting()
    layer(X)
    assert (int(layer.seen), layer.seen.dtype) == (3, "int32")
    flags = layer.add_weight(shape=(2, 3), dtype="bool")
    assert (flags.dtype, flags.trainable, flags.numpy().any()) == ("bool", False, False)


def test_one_in_a_model_s_attribute_is_trained() -> None:
    class Line(pynn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = pynn.Variable(np.zeros((3, 1))), pynn.Variable([0.0])

        def call(self, inputs: Any) -> Any:
            return ops.matmul(inputs, self.a) + self.b

    model = Line()
    model.compile(pynn.optimizers.SGD(0.3), "mse")
    model.fit(X, Y, epochs=300, batch_size=8, verbose=0)
    assert [w.shape for w in model.trainable_variables] == [(3, 1), (1,)]
    np.testing.assert_allclose(model.predict(X, verbose=0), Y, atol=1e-3)


def test_it_is_copied_by_pickle() -> None:
    variable = pynn.Variable([1.0, 2.0], name="pair", regularizer="l2", learning_rate_factor=0.5)
    again = pickle.loads(pickle.dumps(variable))
    assert type(again) is pynn.Variable
    assert (again.name, again.learning_rate_factor) == ("pair", 0.5)
    np.testing.assert_array_equal(again.numpy(), variable.numpy())
