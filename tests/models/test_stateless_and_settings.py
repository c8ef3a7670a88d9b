"""`stateless_compute_loss`, the config of `compile`, and settings that code for Keras reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import backend, config, layers, ops, utils

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X.sum(axis=1, keepdims=True)


def compiled() -> pynn.Model:
    model = pynn.Sequential([pynn.Input((3,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_a_loss_with_other_weights() -> None:
    model = compiled()
    before = model.get_weights()
    trained = [np.full((3, 1), 2.0, "float32"), np.ones(1, "float32")]
    counted = [variable.numpy() for variable in model.metrics_variables]
    predicted, fixed = model.stateless_call(trained, [], X)
    loss, left = model.stateless_compute_loss(trained, [], counted, x=X, y=Y, y_pred=predicted)
    expected = np.mean((X @ trained[0] + 1 - Y) ** 2) + 0.01 * np.sum(trained[0] ** 2)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert left[0] is trained
    assert (left[1], len(left[2])) == (fixed, len(counted))
    for mine, its in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    with pytest.raises(ValueError, match="metrics_variables"):
        model.stateless_compute_loss(trained, [], [*counted, 1.0], y=Y, y_pred=predicted)


def test_compile_settings_as_a_config() -> None:
    model = compiled()
    settings = model.get_compile_config()
    other = pynn.models.clone_model(model)
    other.compile_from_config(settings)
    assert type(other.optimizer) is pynn.optimizers.Adam
    assert (other.loss, other.get_compile_config()) == ("mse", settings)
    assert not (model.run_eagerly or model.jit_compile)
    model.run_eagerly = True  # which users set; it makes no difference
    model.fit(X, Y, verbose=0)
    assert pynn.Sequential([layers.Dense(1)]).get_compile_config() == {}


def test_progress_is_shown_unless_it_is_not_wanted(capsys: Any) -> None:
    assert config.is_interactive_logging_enabled()
    try:
        config.disable_interactive_logging()
        compiled().fit(X, Y)
        assert capsys.readouterr().out == ""
    finally:
        utils.enable_interactive_logging()
    compiled().fit(X, Y)
    assert "loss" in capsys.readouterr().out


def test_what_code_for_keras_asks() -> None:
    assert (config.backend(), backend.backend()) == ("pynn", "pynn")
    assert backend.image_data_format() == "channels_last"
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()
    assert [backend.standardize_dtype(x) for x in (None, "int32", np.float64)] == [
        "float32",
        "int32",
        "float64",
    ]
    assert backend.is_float_dtype("float64") and backend.is_int_dtype("uint8")
    assert utils.is_keras_tensor(pynn.Input((3,))) and not utils.is_keras_tensor(X)
    layer = layers.Dense(2, dtype="float64", name="out")
    assert {layer.compute_dtype, layer.variable_dtype, layer.input_dtype} == {"float64"}
    assert layer.path == "out"


@pytest.mark.parametrize(
    ("data", "expected"),
    [(1, (1, None, None)), ((1,), (1, None, None)), ((1, 2), (1, 2, None)), ([1, 2, 3], (1, 2, 3))],
)
def test_tuples_of_data(data: Any, expected: Any) -> None:
    unpacked = utils.unpack_x_y_sample_weight(data)
    assert unpacked == expected
    assert utils.unpack_x_y_sample_weight(utils.pack_x_y_sample_weight(*unpacked)) == expected
    with pytest.raises(ValueError, match="Received: 4 entries"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


class Filling(layers.Layer):
    """Constants for each row of a batch, in the ways that Keras's users write them."""

    def build(self, input_shape: Any) -> None:
        self.start = self.add_weight(shape=(2,), initializer="ones")

    def call(self, inputs: Any) -> Any:
        rows = ops.shape(inputs)[0]
        parts = [
            ops.zeros((rows, 2)),
            ops.ones((rows, 1)),
            ops.full((rows, 1), 3.0),
            ops.tile(ops.reshape(ops.arange(2, dtype="float32"), (1, 2)), (rows, 1)),
            ops.broadcast_to(self.start, (rows, 2)),
            ops.broadcast_to(inputs[:, :1], (rows, 2)),
        ]
        return ops.concatenate([inputs, *parts], axis=-1)


def test_constants_for_each_row() -> None:
    inputs = pynn.Input((3,))
    model = pynn.Model(inputs, Filling()(inputs))
    first = np.repeat(X[:, :1], 2, axis=1)
    constants = np.tile(np.array([0, 0, 1, 3, 0, 1, 1, 1], "float32"), (8, 1))
    expected = np.concatenate([X, constants, first], axis=1)
    assert model.output_shape == (None, 13)
    assert model._plan().is_native
    for found in (model.predict(X, verbose=0), model(X), model.layers[-1](X)):
        np.testing.assert_array_equal(found, expected)
    outputs = layers.Dense(1)(model(inputs))
    trained = pynn.Model(inputs, outputs)
    trained.compile("sgd", "mse")
    trained.fit(X, Y, verbose=0)
    assert not np.array_equal(trained.weights[0].numpy(), np.ones(2))


def test_layers_are_in_the_order_of_the_sorted_outputs() -> None:
    inputs = pynn.Input((3,))
    outputs = {name: layers.Dense(1, name=name)(inputs) for name in ("score", "age")}
    model = pynn.Model(inputs, outputs)
    assert [layer.name for layer in model.layers[1:]] == ["age", "score"]
    assert list(model.predict(X, verbose=0)) == ["score", "age"]
