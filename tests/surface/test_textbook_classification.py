"""The textbook's image classifier, from `Sequential` to the predicted classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pynn as keras
from pynn.layers import Activation, Dense, Flatten
from pynn.models import Sequential
from surface.textbook_data import images

X, Y = images()
X_VALID, X_TRAIN = X[:120] / 255.0, X[120:] / 255.0
Y_VALID, Y_TRAIN = Y[:120], Y[120:]


def grown() -> Sequential:
    keras.backend.clear_session()
    keras.utils.set_random_seed(42)
    model = keras.models.Sequential()
    model.add(keras.layers.Flatten(input_shape=[28, 28]))
    model.add(keras.layers.Dense(300, activation="relu"))
    model.add(keras.layers.Dense(100, activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


def test_looking_at_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    model = grown()
    model.summary()
    shown = capsys.readouterr().out
    for part in ("(None, 784)", "235,500", "30,100", "1,010", "266,610", "flatten", "dense_2"):
        assert part in shown
    assert [layer.name for layer in model.layers] == ["flatten", "dense", "dense_1", "dense_2"]
    hidden = model.layers[1]
    assert hidden.name == "dense"
    assert model.get_layer("dense") is hidden
    assert model.get_layer(hidden.name) is model.get_layer(index=1)
    weights, biases = hidden.get_weights()
    assert weights.shape == (784, 300)
    assert biases.shape == (300,)
    assert not biases.any()
    assert weights.std() == pytest.approx(np.sqrt(2 / (784 + 300)), rel=0.02)
    assert model.count_params() == 266_610


def test_the_three_ways_to_write_it() -> None:
    first = grown()
    keras.backend.clear_session()
    keras.utils.set_random_seed(42)
    second = Sequential(
        [
            Flatten(input_shape=(28, 28)),
            Dense(300, activation="relu"),
            Dense(100, activation="relu"),
            Dense(10, activation="softmax"),
        ]
    )
    keras.backend.clear_session()
    keras.utils.set_random_seed(42)
    third = Sequential()
    third.add(keras.Input(shape=[28, 28]))
    third.add(Flatten())
    third.add(Dense(300))
    third.add(Activation("relu"))
    third.add(Dense(100, activation=keras.activations.relu))
    third.add(Dense(10, activation="softmax"))
    for model in (second, third):
        for a, b in zip(first.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(model.predict(X_VALID), first.predict(X_VALID))


@pytest.mark.parametrize(
    ("loss", "optimizer", "metrics"),
    [
        ("sparse_categorical_crossentropy", "sgd", ["accuracy"]),
        (
            keras.losses.sparse_categorical_crossentropy,
            keras.optimizers.SGD(),
            [keras.metrics.sparse_categorical_accuracy],
        ),
        (
            keras.losses.SparseCategoricalCrossentropy(),
            keras.optimizers.SGD(learning_rate=0.01),
            [keras.metrics.SparseCategoricalAccuracy()],
        ),
    ],
)
def test_strings_functions_and_objects_train_alike(
    loss: object, optimizer: object, metrics: list[object]
) -> None:
    model = grown()
    model.compile(loss=loss, optimizer=optimizer, metrics=metrics)
    history = model.fit(X_TRAIN, Y_TRAIN, epochs=1, validation_data=(X_VALID, Y_VALID), verbose=0)
    name = "accuracy" if metrics == ["accuracy"] else "sparse_categorical_accuracy"
    assert list(history.history) == ["loss", name, "val_loss", f"val_{name}"]
    reference = grown()
    reference.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["acc"])
    same = reference.fit(X_TRAIN, Y_TRAIN, validation_data=(X_VALID, Y_VALID), verbose=0)
    assert list(same.history) == ["loss", "acc", "val_loss", "val_acc"]
    assert list(same.history.values()) == list(history.history.values())


def test_training_and_using_it(capsys: pytest.CaptureFixture[str]) -> None:
    model = grown()
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    history = model.fit(X_TRAIN, Y_TRAIN, epochs=6, validation_data=(X_VALID, Y_VALID))
    shown = capsys.readouterr().out
    assert "Epoch 1/6" in shown
    assert "15/15" in shown
    for name in ("loss: ", "accuracy: ", "val_loss: ", "val_accuracy: "):
        assert name in shown
    assert history.params == {"verbose": 1, "epochs": 6, "steps": 15}
    assert history.epoch == [0, 1, 2, 3, 4, 5]
    frame = pd.DataFrame(history.history)
    assert list(frame) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert frame["loss"].is_monotonic_decreasing
    assert frame["val_accuracy"].iloc[-1] > 0.9

    loss, accuracy = model.evaluate(X_VALID, Y_VALID)
    assert loss == pytest.approx(frame["val_loss"].iloc[-1], rel=1e-6)
    assert accuracy == pytest.approx(frame["val_accuracy"].iloc[-1])
    assert model.evaluate(X_VALID, Y_VALID, verbose=0, return_dict=True) == {
        "loss": loss,
        "accuracy": accuracy,
    }

    x_new = X_VALID[:3]
    y_proba = model.predict(x_new)
    assert y_proba.round(2).shape == (3, 10)
    np.testing.assert_allclose(y_proba.sum(axis=1), 1, atol=1e-6)
    y_pred = y_proba.argmax(axis=-1)
    names = np.array([f"class {i}" for i in range(10)])[y_pred]
    assert names.shape == (3,)
    np.testing.assert_array_equal(np.argmax(model(x_new), axis=1), y_pred)
    np.testing.assert_array_equal(model(x_new).numpy(), y_proba)
    assert type(model(x_new).numpy()) is np.ndarray


def test_validation_split_is_the_end_of_the_data() -> None:
    model = grown()
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    history = model.fit(X_TRAIN, Y_TRAIN, epochs=1, validation_split=0.1, verbose=0)
    assert history.params["steps"] == 14
    loss, accuracy = model.evaluate(X_TRAIN[432:], Y_TRAIN[432:], verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(loss, rel=1e-6)
    assert history.history["val_accuracy"][0] == pytest.approx(accuracy)


def test_going_on_with_a_training() -> None:
    once = grown()
    once.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
    once.fit(X_TRAIN, Y_TRAIN, epochs=2, shuffle=False, verbose=0)
    twice = grown()
    twice.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
    twice.fit(X_TRAIN, Y_TRAIN, epochs=1, shuffle=False, verbose=0)
    twice.fit(X_TRAIN, Y_TRAIN, epochs=1, shuffle=False, verbose=0)
    for a, b in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_class_and_sample_weights() -> None:
    model = grown()
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
    model.fit(
        X_TRAIN,
        Y_TRAIN,
        verbose=0,
        class_weight={i: float(i == 3) for i in range(10)},
        sample_weight=np.ones(len(X_TRAIN)),
        epochs=20,
    )
    assert (model.predict(X_VALID).argmax(axis=1) == 3).mean() > 0.9
    one_hot = keras.utils.to_categorical(Y_TRAIN, 10)
    model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    history = model.fit(
        X_TRAIN, one_hot, verbose=0, validation_data=(X_VALID, keras.utils.to_categorical(Y_VALID))
    )
    assert "val_accuracy" in history.history


def test_images_without_flattening_by_hand() -> None:
    """As in the third edition: `Rescaling`, bytes as they are, and an Input."""
    keras.utils.set_random_seed(42)
    model = keras.Sequential(
        [
            keras.layers.Input(shape=[28, 28]),
            keras.layers.Rescaling(1 / 255.0),
            keras.layers.Flatten(),
            keras.layers.Dense(50, activation="relu", kernel_initializer="he_normal"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X[120:], Y_TRAIN, epochs=10, verbose=0)
    assert model.evaluate(X[:120], Y_VALID, verbose=0)[1] > 0.9
