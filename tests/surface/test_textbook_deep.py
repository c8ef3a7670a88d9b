"""What the textbook's chapter on deeper networks uses: initializers, regularizers, dropout, ..."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import pynn as keras
from pynn import layers
from surface.textbook_data import housing, images

X, Y = images(400, 4)
X = X / 255.0
TABLE, VALUE = housing(200)


def test_initializers_by_name_and_object() -> None:
    he_avg_init = keras.initializers.VarianceScaling(
        scale=2.0, mode="fan_avg", distribution="uniform"
    )
    for initializer in ("he_normal", "lecun_normal", "glorot_uniform", he_avg_init):
        model = keras.Sequential(
            [keras.Input((20,)), layers.Dense(50, "relu", kernel_initializer=initializer)]
        )
        assert model.layers[0].kernel.numpy().std() > 0
    assert abs(he_avg_init((300, 100))).max() <= np.sqrt(3 * 2 / 200)


@pytest.mark.parametrize(
    "activation",
    [
        layers.LeakyReLU(negative_slope=0.2),
        layers.PReLU(),
        layers.ELU(alpha=1.0),
        layers.ReLU(),
        layers.Activation("selu"),
        layers.Activation("swish"),
        layers.Activation("mish"),
        layers.Activation("gelu"),
    ],
)
def test_activations_as_layers(activation: Any) -> None:
    keras.utils.set_random_seed(3)
    model = keras.models.Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            layers.Dense(30, kernel_initializer="he_normal"),
            type(activation).from_config(activation.get_config()),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.05),
        metrics=["accuracy"],
    )
    history = model.fit(X, Y, epochs=8, validation_split=0.1, verbose=0).history
    assert history["val_accuracy"][-1] > 0.8


def test_batch_normalization_before_and_after() -> None:
    keras.utils.set_random_seed(3)
    model = keras.models.Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            layers.BatchNormalization(),
            layers.Dense(30, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    names = [(variable.name, variable.trainable) for variable in model.layers[1].variables]
    assert [trainable for _, trainable in names] == [True, True, False, False]
    assert [name.split(":")[0].split("/")[-1] for name, _ in names] == [
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    ]
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.fit(X, Y, epochs=5, verbose=0).history["accuracy"][-1] > 0.8
    assert model.evaluate(X, Y, verbose=0)[1] > 0.8


RegularizedDense = partial(
    layers.Dense,
    activation="elu",
    kernel_initializer="he_normal",
    kernel_regularizer=keras.regularizers.l2(0.01),
)


def test_regularizers_and_partial() -> None:
    keras.utils.set_random_seed(3)
    model = keras.models.Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            RegularizedDense(30),
            RegularizedDense(20, kernel_regularizer=keras.regularizers.l1_l2(l1=0.001, l2=0.001)),
            RegularizedDense(4, activation="softmax", kernel_initializer="glorot_uniform"),
        ]
    )
    assert len(model.losses) == 3
    penalty = sum(float(loss) for loss in model.losses)
    first = model.layers[1].kernel.numpy()
    assert float(model.losses[0]) == pytest.approx(0.01 * np.sum(first**2), rel=1e-5)
    model.compile("sgd", "sparse_categorical_crossentropy")
    whole = model.evaluate(X, Y, verbose=0)
    proba = model.predict(X, verbose=0)
    bare = -np.log(proba[np.arange(len(Y)), Y]).mean()
    assert whole == pytest.approx(bare + penalty, rel=1e-4)
    losses = model.fit(X, Y, epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]


def test_constraints_hold_after_every_step() -> None:
    model = keras.models.Sequential(
        [
            layers.Dense(
                10,
                activation="relu",
                input_shape=[8],
                kernel_constraint=keras.constraints.max_norm(0.5),
            ),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(TABLE, VALUE, epochs=3, verbose=0)
    assert np.linalg.norm(model.layers[0].kernel.numpy(), axis=0).max() < 0.5 + 1e-5


class MCDropout(layers.Dropout):
    def call(self, inputs: Any, training: Any = None) -> Any:
        return super().call(inputs, training=True)


def test_dropout_and_monte_carlo() -> None:
    keras.utils.set_random_seed(42)
    model = keras.models.Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            layers.Dropout(rate=0.2),
            layers.Dense(30, activation="relu", kernel_initializer="he_normal"),
            layers.Dropout(rate=0.2),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True),
        metrics=["accuracy"],
    )
    model.fit(X, Y, epochs=6, validation_split=0.1, verbose=0)
    y_probas = np.stack([model(X[:5], training=True) for _ in range(20)])
    assert y_probas.shape == (20, 5, 4)
    assert y_probas.std(axis=0).max() > 0
    np.testing.assert_array_equal(model(X[:5]), model.predict(X[:5]))
    mc_model = keras.models.Sequential(
        [
            MCDropout(layer.rate) if isinstance(layer, layers.Dropout) else layer
            for layer in model.layers
        ]
    )
    y_proba = np.mean([mc_model.predict(X[:5], verbose=0) for _ in range(10)], axis=0)
    np.testing.assert_allclose(y_proba.sum(axis=1), 1, rtol=1e-5)
    single = [mc_model.predict(X[:5], verbose=0) for _ in range(2)]
    assert not np.array_equal(*single)


def test_self_normalizing_network() -> None:
    model = keras.models.Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            layers.Dense(30, activation="selu", kernel_initializer="lecun_normal"),
            layers.AlphaDropout(rate=0.1),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("nadam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.fit(X, Y, epochs=5, verbose=0).history["accuracy"][-1] > 0.7


def test_reusing_layers() -> None:
    keras.utils.set_random_seed(1)
    model_a = keras.Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            layers.Dense(30, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model_a.compile("sgd", "sparse_categorical_crossentropy")
    model_a.fit(X, Y, epochs=1, verbose=0)
    model_a_clone = keras.models.clone_model(model_a)
    model_a_clone.set_weights(model_a.get_weights())
    model_b = keras.models.Sequential(model_a_clone.layers[:-1])
    model_b.add(layers.Dense(1, activation="sigmoid"))
    for layer in model_b.layers[:-1]:
        layer.trainable = False
    optimizer = keras.optimizers.SGD(learning_rate=0.01)
    model_b.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    frozen = model_b.layers[1].get_weights()[0]
    model_b.fit(X, Y == 1, epochs=1, verbose=0)
    np.testing.assert_array_equal(model_b.layers[1].get_weights()[0], frozen)
    for layer in model_b.layers[:-1]:
        layer.trainable = True
    model_b.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    model_b.fit(X, Y == 1, epochs=1, verbose=0)
    assert not np.array_equal(model_b.layers[1].get_weights()[0], frozen)
    np.testing.assert_array_equal(model_a.layers[1].get_weights()[0], frozen)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(learning_rate=0.01, momentum=0.9),
        keras.optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True),
        keras.optimizers.SGD(clipvalue=1.0),
        keras.optimizers.SGD(clipnorm=1.0),
        keras.optimizers.Adagrad(learning_rate=0.01),
        keras.optimizers.RMSprop(learning_rate=0.001, rho=0.9),
        keras.optimizers.Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999),
        keras.optimizers.Adamax(learning_rate=0.001),
        keras.optimizers.Nadam(learning_rate=0.001),
        keras.optimizers.AdamW(weight_decay=1e-5),
    ],
)
def test_faster_optimizers(optimizer: Any) -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(30, activation="relu"), layers.Dense(1)]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.get(optimizer))
    losses = model.fit(TABLE, VALUE, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_custom_losses_metrics_and_functions() -> None:
    def huber_fn(y_true: Any, y_pred: Any) -> Any:
        error = y_true - y_pred
        is_small_error = keras.ops.abs(error) < 1
        squared_loss = keras.ops.square(error) / 2
        linear_loss = keras.ops.abs(error) - 0.5
        return keras.ops.where(is_small_error, squared_loss, linear_loss)

    class HuberMetric(keras.metrics.Metric):
        def __init__(self, name: str = "huber", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.total = self.add_weight(name="total", initializer="zeros")
            self.count = self.add_weight(name="count", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            values = huber_fn(y_true, y_pred)
            self.total.assign_add(keras.ops.sum(values))
            self.count.assign_add(np.size(y_true))

        def result(self) -> Any:
            return self.total / self.count

    class MyDense(layers.Layer):
        def __init__(self, units: int, activation: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.activation = keras.activations.get(activation)

        def build(self, batch_input_shape: Any) -> None:
            self.kernel = self.add_weight(
                name="kernel",
                shape=[batch_input_shape[-1], self.units],
                initializer="glorot_normal",
            )
            self.bias = self.add_weight(name="bias", shape=[self.units], initializer="zeros")
            super().build(batch_input_shape)

        def call(self, inputs: Any) -> Any:
            return self.activation(keras.ops.matmul(inputs, self.kernel) + self.bias)

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((8,)), MyDense(30, "relu"), MyDense(1)])
    model.compile(loss=huber_fn, optimizer="nadam", metrics=[HuberMetric(), "mae"])
    history = model.fit(TABLE, VALUE, epochs=4, validation_split=0.2, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(history["val_huber"], history["val_loss"], rtol=1e-4)
    assert model.layers[0].get_weights()[0].shape == (8, 30)
