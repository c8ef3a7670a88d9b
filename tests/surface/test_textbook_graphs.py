"""Wide & Deep as the textbook draws it: functional, two inputs, two outputs, and subclassed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn as keras
from surface.textbook_data import housing

X, Y = housing()
X_TRAIN, X_VALID = X[100:], X[:100]
Y_TRAIN, Y_VALID = Y[100:], Y[:100]
A_TRAIN, B_TRAIN = X_TRAIN[:, :5], X_TRAIN[:, 2:]
A_VALID, B_VALID = X_VALID[:, :5], X_VALID[:, 2:]


def trained(model: keras.Model, x: Any, held_out: Any, **compiling: Any) -> dict[str, list[float]]:
    model.compile(
        loss="mse", optimizer=keras.optimizers.SGD(learning_rate=0.03, momentum=0.5), **compiling
    )
    history = model.fit(x, Y_TRAIN, epochs=20, validation_data=(held_out, Y_VALID), verbose=0)
    found: dict[str, list[float]] = history.history
    return found


def test_one_input() -> None:
    keras.backend.clear_session()
    input_ = keras.layers.Input(shape=X_TRAIN.shape[1:])
    hidden1 = keras.layers.Dense(30, activation="relu")(input_)
    hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
    concat = keras.layers.concatenate([input_, hidden2])
    output = keras.layers.Dense(1)(concat)
    model = keras.models.Model(inputs=[input_], outputs=[output])
    assert model.count_params() == 8 * 30 + 30 + 30 * 30 + 30 + 38 + 1
    assert trained(model, X_TRAIN, X_VALID)["val_loss"][-1] < 0.1
    assert model.predict(X_VALID[:3]).shape == (3, 1)


def test_layers_first_then_calls(capsys: pytest.CaptureFixture[str]) -> None:
    """The third edition's form, with a Normalization layer and `Concatenate()`."""
    keras.backend.clear_session()
    normalization_layer = keras.layers.Normalization()
    hidden_layer1 = keras.layers.Dense(30, activation="relu")
    hidden_layer2 = keras.layers.Dense(30, activation="relu")
    concat_layer = keras.layers.Concatenate()
    output_layer = keras.layers.Dense(1)
    input_ = keras.layers.Input(shape=X_TRAIN.shape[1:])
    normalized = normalization_layer(input_)
    hidden1 = hidden_layer1(normalized)
    hidden2 = hidden_layer2(hidden1)
    concat = concat_layer([normalized, hidden2])
    output = output_layer(concat)
    model = keras.Model(inputs=[input_], outputs=[output])
    model.summary()
    shown = capsys.readouterr().out
    assert "concatenate" in shown
    assert "dense_1" in shown
    normalization_layer.adapt(X_TRAIN)
    assert trained(model, X_TRAIN, X_VALID, metrics=["RootMeanSquaredError"])["val_loss"][-1] < 0.1


def two_inputs() -> tuple[Any, Any, Any, Any]:
    input_a = keras.layers.Input(shape=[5], name="wide_input")
    input_b = keras.layers.Input(shape=[6], name="deep_input")
    hidden1 = keras.layers.Dense(30, activation="relu")(input_b)
    hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
    concat = keras.layers.concatenate([input_a, hidden2])
    return input_a, input_b, concat, hidden2


def test_two_inputs() -> None:
    input_a, input_b, concat, _ = two_inputs()
    output = keras.layers.Dense(1, name="output")(concat)
    model = keras.models.Model(inputs=[input_a, input_b], outputs=[output])
    losses = trained(model, (A_TRAIN, B_TRAIN), (A_VALID, B_VALID))
    assert losses["val_loss"][-1] < 0.1
    mse = model.evaluate((A_VALID, B_VALID), Y_VALID)
    y_pred = model.predict((A_VALID, B_VALID))
    for given in ([A_VALID, B_VALID], {"wide_input": A_VALID, "deep_input": B_VALID}):
        assert model.evaluate(given, Y_VALID) == mse
        np.testing.assert_array_equal(model.predict(given), y_pred)
    assert model.input_names == ["wide_input", "deep_input"]
    assert model.predict((A_VALID[:1], B_VALID[:1])).shape == (1, 1)


@pytest.mark.parametrize("by_name", [False, True])
def test_an_auxiliary_output(by_name: bool) -> None:
    input_a, input_b, concat, hidden2 = two_inputs()
    output = keras.layers.Dense(1, name="main_output")(concat)
    aux_output = keras.layers.Dense(1, name="aux_output")(hidden2)
    model = keras.models.Model(inputs=[input_a, input_b], outputs=[output, aux_output])
    if by_name:
        model.compile(
            loss={"main_output": "mse", "aux_output": "mae"},
            loss_weights={"main_output": 0.9, "aux_output": 0.1},
            optimizer="sgd",
            metrics={"main_output": ["mae"], "aux_output": "mse"},
        )
        targets: Any = {"main_output": Y_TRAIN, "aux_output": Y_TRAIN}
        held_out: Any = {"main_output": Y_VALID, "aux_output": Y_VALID}
        metric_names = ["main_output_mae", "aux_output_mse"]
    else:
        model.compile(loss=["mse", "mae"], loss_weights=[0.9, 0.1], optimizer="sgd")
        targets, held_out = (Y_TRAIN, Y_TRAIN), [Y_VALID, Y_VALID]
        metric_names = []
    history = model.fit(
        [A_TRAIN, B_TRAIN],
        targets,
        epochs=3,
        validation_data=([A_VALID, B_VALID], held_out),
        verbose=0,
    ).history
    names = ["loss", "main_output_loss", "aux_output_loss", *metric_names]
    assert list(history) == names + [f"val_{name}" for name in names]
    figures = model.evaluate([A_VALID, B_VALID], held_out, verbose=0)
    total_loss, main_loss, aux_loss = figures[:3]
    assert total_loss == pytest.approx(0.9 * main_loss + 0.1 * aux_loss, rel=1e-5)
    y_pred_main, y_pred_aux = model.predict([A_VALID, B_VALID])
    assert y_pred_main.shape == y_pred_aux.shape == (100, 1)
    assert main_loss == pytest.approx(np.mean((y_pred_main[:, 0] - Y_VALID) ** 2), rel=1e-5)
    assert aux_loss == pytest.approx(np.mean(np.abs(y_pred_aux[:, 0] - Y_VALID)), rel=1e-5)


def test_one_loss_for_both_outputs_and_metrics_per_output() -> None:
    input_a, input_b, concat, hidden2 = two_inputs()
    output = keras.layers.Dense(1)(concat)
    aux_output = keras.layers.Dense(1)(hidden2)
    model = keras.Model([input_a, input_b], [output, aux_output])
    model.compile(
        loss=("mse", "mse"), loss_weights=(0.9, 0.1), metrics=[["mse"], ["mae"]], optimizer="adam"
    )
    model.fit((A_TRAIN, B_TRAIN), (Y_TRAIN, Y_TRAIN), verbose=0)
    results = model.evaluate((A_VALID, B_VALID), (Y_VALID, Y_VALID), return_dict=True, verbose=0)
    first, second = model.output_names
    assert list(results) == [
        "loss",
        f"{first}_loss",
        f"{second}_loss",
        f"{first}_mse",
        f"{second}_mae",
    ]


class WideAndDeepModel(keras.models.Model):
    def __init__(self, units: int = 30, activation: str = "relu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.norm_layer_wide = keras.layers.Normalization()
        self.norm_layer_deep = keras.layers.Normalization()
        self.hidden1 = keras.layers.Dense(units, activation=activation)
        self.hidden2 = keras.layers.Dense(units, activation=activation)
        self.main_output = keras.layers.Dense(1)
        self.aux_output = keras.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        input_wide, input_deep = inputs
        norm_wide = self.norm_layer_wide(input_wide)
        norm_deep = self.norm_layer_deep(input_deep)
        hidden1 = self.hidden1(norm_deep)
        hidden2 = self.hidden2(hidden1)
        concat = keras.layers.concatenate([norm_wide, hidden2])
        return self.main_output(concat), self.aux_output(hidden2)


def test_a_subclassed_model(capsys: pytest.CaptureFixture[str]) -> None:
    keras.utils.set_random_seed(42)
    model = WideAndDeepModel(30, activation="relu", name="my_cool_model")
    optimizer = keras.optimizers.Adam(learning_rate=5e-3)
    model.compile(
        loss=["mse", "mse"],
        loss_weights=[0.9, 0.1],
        optimizer=optimizer,
        metrics=["RootMeanSquaredError", "RootMeanSquaredError"],
    )
    model.norm_layer_wide.adapt(A_TRAIN)
    model.norm_layer_deep.adapt(B_TRAIN)
    history = model.fit(
        (A_TRAIN, B_TRAIN),
        (Y_TRAIN, Y_TRAIN),
        epochs=10,
        validation_data=((A_VALID, B_VALID), (Y_VALID, Y_VALID)),
        verbose=0,
    ).history
    assert list(history)[:5] == [
        "loss",
        "output_1_loss",
        "output_2_loss",
        "output_1_root_mean_squared_error",
        "output_2_root_mean_squared_error",
    ]
    results = model.evaluate((A_VALID, B_VALID), (Y_VALID, Y_VALID), verbose=0)
    loss, main_loss, aux_loss, main_rmse, aux_rmse = results
    assert main_loss < 0.2
    assert main_rmse == pytest.approx(np.sqrt(main_loss), rel=1e-5)
    y_pred_main, y_pred_aux = model.predict((A_VALID, B_VALID))
    assert y_pred_main.shape == y_pred_aux.shape == (100, 1)
    main, aux = model((A_VALID, B_VALID))
    np.testing.assert_array_equal(main.numpy(), y_pred_main)
    model.summary()
    assert "my_cool_model" in capsys.readouterr().out


class Residual(keras.layers.Layer):
    """A custom layer whose depth is an argument."""

    def __init__(self, n_layers: int, n_neurons: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = [
            keras.layers.Dense(n_neurons, activation="elu", kernel_initializer="he_normal")
            for _ in range(n_layers)
        ]

    def call(self, inputs: Any) -> Any:
        z = inputs
        for layer in self.hidden:
            z = layer(z)
        return inputs + z


class ResidualRegressor(keras.Model):
    def __init__(self, output_dim: int, repeats: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.repeats = repeats
        self.hidden1 = keras.layers.Dense(30, activation="elu")
        self.block1 = Residual(2, 30)
        self.block2 = Residual(2, 30)
        self.out = keras.layers.Dense(output_dim)

    def call(self, inputs: Any) -> Any:
        z = self.hidden1(inputs)
        for _ in range(1 + self.repeats):
            z = self.block1(z)
        return self.out(self.block2(z))


def test_a_loop_in_call_and_shared_layers() -> None:
    keras.utils.set_random_seed(1)
    model = ResidualRegressor(1)
    model.compile(loss="mse", optimizer=keras.optimizers.Nadam(1e-3))
    losses = model.fit(X_TRAIN, Y_TRAIN, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]
    assert len(model.trainable_weights) == 2 + 4 + 4 + 2
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(X_VALID), model.predict(X_VALID))
