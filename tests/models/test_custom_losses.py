"""Losses written with ops in `compile`: they train as the built-in ones do, natively."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import _core, layers, losses, ops

RNG = np.random.default_rng(3)
X = RNG.standard_normal((200, 6)).astype("float32")
Y = (X[:, :2] @ [[1.0], [-2.0]] + 0.3 * RNG.standard_normal((200, 1))).astype("float32")
LABELS = RNG.integers(0, 4, 200)


def huber(y_true: Any, y_pred: Any) -> Any:
    e = y_true - y_pred
    size = ops.abs(e)
    return ops.mean(ops.where(size <= 1.0, 0.5 * ops.square(e), size - 0.5), axis=-1)


class Tilted(losses.Loss):
    """A quantile loss with its level as an argument."""

    def __init__(self, q: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.q = q

    def call(self, y_true: Any, y_pred: Any) -> Any:
        e = y_true - y_pred
        return ops.mean(ops.maximum(self.q * e, (self.q - 1) * e), axis=-1)


def crossentropy(y_true: Any, y_pred: Any) -> Any:
    one_hot = ops.one_hot(ops.cast(ops.squeeze(y_true, -1), "int32"), 4)
    return -ops.sum(one_hot * ops.log(ops.clip(y_pred, 1e-7, 1 - 1e-7)), axis=-1)


def model(units: int = 1, activation: str = "linear") -> pynn.Model:
    pynn.utils.set_random_seed(1)
    stack = [layers.Input((6,)), layers.Dense(12, activation="tanh")]
    return pynn.Sequential([*stack, layers.Dense(units, activation=activation)])


def fit(
    loss: Any, y: Any = Y, units: int = 1, activation: str = "linear", **arguments: Any
) -> dict:
    made = model(units, activation)
    made.compile(optimizer="adam", loss=loss, metrics=arguments.pop("metrics", None))
    history = made.fit(X, y, epochs=4, batch_size=16, verbose=0, **arguments)
    assert isinstance(made._trainers._trainer, _core.Trainer)
    return history.history


def check(got: dict, want: dict) -> None:
    assert list(got) == list(want)
    for name, values in want.items():
        np.testing.assert_allclose(got[name], values, rtol=2e-5, err_msg=name)


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "validation": {"validation_split": 0.2},
    "weights": {"sample_weight": RNG.uniform(0.5, 2.0, 200)},
    "metrics": {"metrics": ["mae", "mse"]},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_huber_is_the_built_in_one(variant: str) -> None:
    check(fit(huber, **VARIANTS[variant]), fit("huber", **VARIANTS[variant]))


def test_a_class_with_arguments() -> None:
    check(fit(Tilted(0.8)), fit(losses.Quantile(0.8)))


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_reductions(reduction: str) -> None:
    weights = {"sample_weight": RNG.uniform(0.5, 2.0, 200)}
    own = fit(Tilted(0.8, reduction=reduction), **weights)
    check(own, fit(losses.Quantile(0.8, reduction=reduction), **weights))


def test_labels_and_class_weights() -> None:
    options = {"units": 4, "activation": "softmax", "class_weight": {0: 2.0, 1: 1.0, 2: 0.5, 3: 1}}
    own = fit(crossentropy, LABELS, metrics=["accuracy"], **options)
    usual = fit("sparse_categorical_crossentropy", LABELS, metrics=["accuracy"], **options)
    check(own, usual)


def test_one_number_for_the_batch() -> None:
    check(fit(lambda t, p: ops.mean(ops.square(t - p))), fit("mse"))


def two_outputs() -> pynn.Model:
    pynn.utils.set_random_seed(1)
    inputs = layers.Input((6,))
    hidden = layers.Dense(8, activation="relu")(inputs)
    outputs = [layers.Dense(1, name="a")(hidden), layers.Dense(4, "softmax", name="b")(hidden)]
    return pynn.Model(inputs, outputs)


def test_several_outputs() -> None:
    results = []
    for first, second in ((huber, crossentropy), ("huber", "sparse_categorical_crossentropy")):
        made = two_outputs()
        made.compile(
            optimizer="sgd",
            loss={"a": first, "b": second},
            loss_weights={"a": 0.3, "b": 2.0},
            metrics={"a": ["mae"], "b": ["accuracy"]},
        )
        weights = {"a": np.linspace(0, 2, 200), "b": np.linspace(1, 0, 200)}
        history = made.fit(X, {"a": Y, "b": LABELS}, sample_weight=weights, epochs=3, verbose=0)
        assert isinstance(made._trainers._trainer, _core.Trainer)
        results.append(history.history)
    check(*results)


def test_an_activity_regularizer_and_add_loss_run_natively() -> None:
    class Sparse(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(0.01 * ops.sum(ops.square(x)) / ops.batch_size(x))
            return x

    results = []
    for middle in (Sparse(), layers.Activation("linear", activity_regularizer="l2")):
        pynn.utils.set_random_seed(1)
        made = pynn.Sequential([layers.Input((6,)), layers.Dense(5), middle, layers.Dense(1)])
        made.compile(optimizer="sgd", loss="mse")
        history = made.fit(X, Y, epochs=3, verbose=0)
        assert isinstance(made._trainers._trainer, _core.Trainer)
        assert made.predict(X, verbose=0).shape == (200, 1)
        results.append(history.history)
    check(*results)
    assert results[0]["loss"][0] > 0


@pytest.mark.parametrize(
    ("loss", "native"),
    [
        (lambda t, p: ops.sqrt(ops.mean(ops.square(t - p))), True),
        (lambda t, p: ops.sqrt(ops.max(ops.square(t - p))), False),
    ],
)
def test_a_loss_that_looks_at_the_batch(loss: Any, native: bool) -> None:
    made = model()
    made.compile(optimizer="sgd", loss=loss)
    history = made.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert isinstance(made._trainers._trainer, _core.Trainer) == native


def test_a_layer_that_looks_at_the_batch_trains_natively() -> None:
    class Centred(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs - ops.mean(inputs, axis=0, keepdims=True)

    made = pynn.Sequential([layers.Input((6,)), layers.Dense(5), Centred(), layers.Dense(1)])
    made.compile(optimizer="sgd", loss="mse")
    made.fit(X, Y, epochs=1, verbose=0)
    assert isinstance(made._trainers._trainer, _core.Trainer)
    assert "Predicts in NumPy, node by node: its mean looks at all rows" in summary_of(made)
    kernel, bias, last, last_bias = made.get_weights()
    hidden = X[:50] @ kernel + bias
    expected = (hidden - hidden.mean(axis=0)) @ last + last_bias
    np.testing.assert_allclose(made.predict(X, batch_size=50, verbose=0)[:50], expected, atol=1e-6)
    losses_of_batches = [
        np.mean((made.predict_on_batch(X[i : i + 50]) - Y[i : i + 50].reshape(-1, 1)) ** 2)
        for i in range(0, len(X), 50)
    ]
    found = made.evaluate(X, Y, batch_size=50, verbose=0)
    assert found == pytest.approx(np.mean(losses_of_batches), rel=1e-5)


def summary_of(made: pynn.Model) -> str:
    lines: list[str] = []
    made.summary(print_fn=lines.append)
    return "\n".join(lines)


def test_the_summary_says_what_is_interpreted() -> None:
    made = model()
    assert "NumPy" not in summary_of(made)
    root = losses.LossFunctionWrapper(
        lambda t, p: ops.sqrt(ops.max(ops.square(t - p))), name="root"
    )
    made.compile(optimizer="sgd", loss=root)
    made.fit(X, Y, verbose=0)
    assert "Trains in NumPy, node by node: the engine does not have max" in summary_of(made)
    made = pynn.Sequential([layers.Input((6,)), layers.Dense(3, activation=ops.sort)])
    assert "Runs in NumPy, node by node: the engine does not have sort" in summary_of(made)


def test_a_tied_autoencoder_trains_natively() -> None:
    """The textbook's mirrored layer; both uses of the kernel move it."""

    class Mirrored(layers.Layer):
        def __init__(self, dense: layers.Dense) -> None:
            super().__init__()
            self.dense = dense

        def build(self, input_shape: tuple) -> None:
            self.offset = self.add_weight(shape=(self.dense.kernel.shape[0],), initializer="zeros")

        def call(self, x: Any) -> Any:
            return ops.matmul(x, ops.transpose(self.dense.kernel)) + self.offset

    pynn.utils.set_random_seed(1)
    dense = layers.Dense(3)
    inputs = layers.Input((6,))
    made = pynn.Model(inputs, Mirrored(dense)(dense(inputs)))
    made.compile(optimizer=pynn.optimizers.SGD(0.1), loss="mse")
    k, b = dense.kernel.numpy(), dense.bias.numpy()
    offset = np.zeros(6, "float32")
    for _ in range(3):
        z = X @ k + b
        grad = 2 * (z @ k.T + offset - X) / X.size
        grad_z = grad @ k
        step = [X.T @ grad_z + grad.T @ z, grad_z.sum(axis=0), grad.sum(axis=0)]
        k, b, offset = (w - 0.1 * g for w, g in zip((k, b, offset), step, strict=True))
    made.fit(X, X, epochs=3, batch_size=200, verbose=0)
    assert isinstance(made._trainers._trainer, _core.Trainer)
    np.testing.assert_allclose(dense.kernel.numpy(), k, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(dense.bias.numpy(), b, rtol=1e-4, atol=1e-6)


class Shifted(layers.Layer):
    """Looks at `training`, so that inference has a plan of its own."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        return x + 0.1 if training else x


def test_penalties_count_where_inference_has_a_plan_of_its_own() -> None:
    inputs = pynn.Input((6,))
    hidden = layers.Dense(4, activity_regularizer=pynn.regularizers.L2(0.5))(inputs)
    model = pynn.Model(inputs, layers.Dense(1)(Shifted()(hidden)))
    model.compile(pynn.optimizers.SGD(0.0), "mse")
    errors = np.mean((model.predict(X, verbose=0) - Y) ** 2)
    penalty = 0.5 * np.sum((X @ model.get_weights()[0]) ** 2) / len(X)
    assert penalty > 0.1
    expected = pytest.approx(errors + penalty, rel=1e-5)
    fitted = model.fit(X, Y, batch_size=200, verbose=0, validation_data=(X, Y))
    assert fitted.history["val_loss"] == [expected]
    assert model.evaluate(X, Y, verbose=0) == expected
    assert model.test_on_batch(X, Y) == expected


def test_frozen_weights_have_no_penalty() -> None:
    layer = layers.Dense(2, kernel_regularizer="l2", bias_regularizer="l2")
    layer.build((None, 3))
    assert len(layer.losses) == 2
    layer.trainable = False
    assert layer.losses == []
