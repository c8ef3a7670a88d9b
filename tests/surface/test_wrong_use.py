"""What goes wrong in users' programs: the kind of the error, and a message that says where.

Messages name the layer, output or class, and the argument; they say what was received.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn as keras
from pynn import layers

X = np.zeros((6, 4), dtype="float32")
Y = np.zeros((6, 1), dtype="float32")
SPARSE = "sparse_categorical_crossentropy"


def model(loss: Any = "mse", units: int = 1, **arguments: Any) -> Any:
    made = keras.Sequential([keras.Input((4,), name="in"), layers.Dense(units, name="out")])
    made.compile("sgd", loss, **arguments)
    return made


def bare() -> Any:
    return keras.Sequential([keras.Input((4,)), layers.Dense(1, name="out")])


def two() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    both = layers.concatenate([a, b])
    made = keras.Model([a, b], [layers.Dense(1, name="p")(both), layers.Dense(1, name="q")(both)])
    made.compile("sgd", "mse")
    return made


class NoCall(keras.Model):
    pass


class NotATensor(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return 3


def dense(**arguments: Any) -> Callable[[], Any]:
    return lambda: layers.Dense(**{"units": 3, **arguments})


def fit(*data: Any, **arguments: Any) -> Callable[[], Any]:
    return lambda: model().fit(*data, verbose=0, **arguments)


def fit_classes(loss: str, y: Any) -> Callable[[], Any]:
    return lambda: model(loss, 3).fit(X, y, verbose=0)


def fit_two(x: Any, y: Any) -> Callable[[], Any]:
    return lambda: two().fit(x, y, verbose=0)


def fit_images(loss: Any, y: Any, units: int) -> Callable[[], Any]:
    made = keras.Sequential([keras.Input((2, 4)), layers.Dense(units, name="out")])
    made.compile("sgd", loss)
    return lambda: made.fit(np.zeros((6, 2, 4)), y, verbose=0)


def numpy_loss(y_true: Any, y_pred: Any) -> Any:
    return np.mean(np.square(y_true - y_pred), axis=-1)


A, B = X, X[:, :3]
UNKNOWN = '{"class_name": "Sequential", "config": {"layers": [{"class_name": "Mine"}]}}'

CASES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    # Layers: arguments
    "unknown activation": (
        dense(activation="rellu"),
        ValueError,
        r"Dense: unknown activation: 'rellu'\. Did you mean 'relu'\?",
    ),
    "negative units": (dense(units=-3), ValueError, r"Dense: units must be a .* units=-3"),
    "units as text": (dense(units="3"), ValueError, r"Dense: units must be .* units='3'"),
    "half a unit": (dense(units=2.5), ValueError, r"Dense: units must be .* units=2\.5"),
    "no units": (lambda: layers.Dense(), TypeError, r"Dense.*'units'"),
    "unknown argument": (dense(unit=4), TypeError, r"Dense takes no argument 'unit'"),
    "unknown initializer": (
        dense(kernel_initializer="he_norml"),
        ValueError,
        r"Dense: unknown initializer: 'he_norml'\. Did you mean 'he_normal'",
    ),
    "unknown regularizer": (
        dense(kernel_regularizer="l3"),
        ValueError,
        r"Dense: unknown regularizer: 'l3'.*one of L1",
    ),
    "unknown constraint": (
        dense(kernel_constraint="max"),
        ValueError,
        r"Dense: unknown constraint: 'max'",
    ),
    "name is no text": (dense(name=5), ValueError, r"Dense: name must be .* name=5"),
    "whole-number type": (dense(dtype="int32"), ValueError, r"Dense: dtype must be .*'int32'"),
    "no features": (dense(input_shape=(0,)), ValueError, r"input shape of Dense .*\(0,\)"),
    "rate too high": (lambda: layers.Dropout(1.5), ValueError, r"Dropout: rate must .* rate=1\.5"),
    "rate as text": (lambda: layers.Dropout("a"), ValueError, r"Dropout: rate must .* rate='a'"),
    "momentum too high": (
        lambda: layers.BatchNormalization(momentum=2.0),
        ValueError,
        r"BatchNormalization: momentum must .* momentum=2\.0",
    ),
    "negative noise": (
        lambda: layers.GaussianNoise(-1),
        ValueError,
        r"GaussianNoise: stddev must .* stddev=-1",
    ),
    "half a normalization": (
        lambda: layers.Normalization(mean=1.0),
        ValueError,
        r"Normalization: mean and variance must be given together",
    ),
    "no vectors": (
        lambda: layers.Embedding(0, 2),
        ValueError,
        r"Embedding: input_dim must .* input_dim=0",
    ),
    "function is none": (
        lambda: layers.Lambda(3),
        ValueError,
        r"Lambda: function must be callable.*=3",
    ),
    "unknown Activation": (
        lambda: layers.Activation("softmx"),
        ValueError,
        r"Activation: unknown activation: 'softmx'",
    ),
    "negative size": (lambda: keras.Input((-3,)), ValueError, r"Input .*positive.*shape=\(-3,\)"),
    # Layers: shapes
    "layer built for others": (
        lambda: bare().layers[0](keras.Input((7,))),
        ValueError,
        r"layer 'out' takes inputs of shape \(batch, \.\.\., 4\)\. Received: shape=\(None, 7\)",
    ),
    "reshape to another size": (
        lambda: layers.Reshape((3, 3), name="square")(keras.Input((4,))),
        ValueError,
        r"layer 'square': .*\(4,\), 4 entries, .*\(3, 3\), 9 entries",
    ),
    "sum of different widths": (
        lambda: layers.Add(name="sum")([keras.Input((4,)), keras.Input((3,))]),
        ValueError,
        r"layer 'sum' cannot combine inputs .*\(None, 4\), \(None, 3\)",
    ),
    "three to subtract": (
        lambda: layers.Subtract(name="minus")([keras.Input((4,))] * 3),
        ValueError,
        r"layer 'minus' takes exactly 2 inputs\. Received: 3",
    ),
    "layer without tensors": (
        lambda: NotATensor(name="odd")(keras.Input((4,))),
        ValueError,
        r"call\(\) of layer 'odd' must return tensors\. Received: 3",
    ),
    "condition on a symbol": (
        lambda: bool(layers.Dense(1)(keras.Input((4,))) > 0),
        TypeError,
        r"has no value.*pynn\.ops\.where",
    ),
    "text in arithmetic": (
        lambda: keras.Input((4,)) + "a",
        TypeError,
        r"tensors, arrays and numbers\. Received: 'a'",
    ),
    # Models: making them
    "no layer": (
        lambda: keras.Sequential([3]),
        ValueError,
        r"holds layers.*3 of type int",
    ),
    "same name twice": (
        lambda: keras.Sequential([layers.Dense(1, name="d"), layers.Dense(1, name="d")]),
        ValueError,
        r"different names\. Received: 'd'",
    ),
    "Input in the middle": (
        lambda: keras.Sequential([layers.Dense(2), keras.Input((3,))]),
        ValueError,
        r"an Input must come first",
    ),
    "no outputs": (
        lambda: keras.Model(inputs=keras.Input((3,))),
        ValueError,
        r"needs both inputs and outputs",
    ),
    "inputs are no tensors": (
        lambda: keras.Model(3, 4),
        ValueError,
        r"inputs .*tensors.*: 3",
    ),
    "disconnected": (
        lambda: keras.Model(keras.Input((3,)), layers.Dense(1)(keras.Input((3,), name="other"))),
        ValueError,
        r"depend on the input 'other', which is not among",
    ),
    "no call": (lambda: NoCall()(X), ValueError, r"NoCall must define call\(inputs\)"),
    "counting too early": (
        lambda: keras.Sequential([layers.Dense(1)], name="early").count_params(),
        ValueError,
        r"'early' has no weights before it is built",
    ),
    "unknown layer": (
        lambda: bare().get_layer("dense_7"),
        ValueError,
        r"no layer named 'dense_7'\. The layers are: out",
    ),
    "no such place": (lambda: bare().get_layer(index=5), ValueError, r"number of layers.*index=5"),
    "too few weights": (lambda: bare().set_weights([Y]), ValueError, r"2 weights\. Received: 1"),
    "weights of another shape": (
        lambda: bare().set_weights([np.zeros((3, 1)), np.zeros(1)]),
        ValueError,
        r"weight '\w+/out/kernel' must have the shape \(4, 1\)\. Received: shape=\(3, 1\)",
    ),
    # compile
    "two characters swapped": (
        lambda: keras.optimizers.get("adma"),
        ValueError,
        r"unknown optimizer: 'adma'\. Did you mean 'adam'",
    ),
    "labels without a Flatten": (
        fit_images("sparse_categorical_crossentropy", np.zeros(6), 3),
        ValueError,
        r"The output has the shape \(n, 2, 3\): was a Flatten forgotten\?",
    ),
    "numbers without a Flatten": (
        fit_images("mse", np.zeros(6), 1),
        ValueError,
        r"The output has the shape \(n, 2, 1\): was a Flatten forgotten\?",
    ),
    "NumPy in a loss": (
        lambda: model(numpy_loss).fit(X, Y, verbose=0),
        TypeError,
        r"np.square computes with arrays, not with <Tensor .*functions of pynn\.ops",
    ),
    "a mean of NumPy's in a loss": (
        lambda: model(lambda y_true, y_pred: np.mean(y_true - y_pred)).fit(X, Y, verbose=0),
        TypeError,
        r"Compute with it by means of pynn\.ops",
    ),
    "unknown optimizer": (
        lambda: bare().compile("sdg", "mse"),
        ValueError,
        r"unknown optimizer: 'sdg'\. Did you mean 'sgd'",
    ),
    "unknown loss": (
        lambda: model("msee"),
        ValueError,
        r"unknown loss: 'msee'\..*mean 'mse'",
    ),
    "unknown metric": (
        lambda: model(metrics=["acuracy"]),
        ValueError,
        r"unknown metric: 'acuracy'\. Did you mean 'accuracy'",
    ),
    "optimizer is a number": (lambda: bare().compile(3, "mse"), ValueError, r"optimizer must.*: 3"),
    "weights of losses as text": (
        lambda: model(loss_weights="a"),
        ValueError,
        r"loss_weights must be .*loss_weights='a'",
    ),
    "loss of no output": (
        lambda: model({"other": "mse"}).fit(X, Y, verbose=0),
        ValueError,
        r"loss has the key 'other'.*The outputs are: out",
    ),
    "metrics of no output": (
        lambda: model(metrics={"other": "mse"}).fit(X, Y, verbose=0),
        ValueError,
        r"metrics has the key 'other'.*The outputs are: out",
    ),
    "too many losses": (
        lambda: model(["mse", "mse"]).fit(X, Y, verbose=0),
        ValueError,
        r"one entry for each output: out\. Received: 2",
    ),
    "no loss": (lambda: model(None).fit(X, Y, verbose=0), ValueError, r"no loss.*compile\(\)"),
    # fit, evaluate, predict: before their time
    "fit before compile": (lambda: bare().fit(X, Y), RuntimeError, r"call compile\(\) before fit"),
    "evaluate before compile": (
        lambda: bare().evaluate(X, Y),
        RuntimeError,
        r"call compile\(\) before evaluate",
    ),
    "step before compile": (
        lambda: bare().train_on_batch(X, Y),
        RuntimeError,
        r"call compile\(\) before train_on_batch",
    ),
    # Their data
    "missing target": (fit(X), ValueError, r"output 'out' .*needs targets: y is None"),
    "no data": (fit(None, Y), ValueError, r"fit\(\) needs data: x is None"),
    "too many features": (
        fit(np.zeros((6, 5)), Y),
        ValueError,
        r"input 'in' takes arrays of shape \(n, 4\)\. Received: x of shape \(6, 5\)",
    ),
    "too few targets": (fit(X, Y[:3]), ValueError, r"x and y .*6 rows of x and 3 of y"),
    "targets too wide": (
        fit(X, np.zeros((6, 2))),
        ValueError,
        r"loss 'mse' of output 'out' takes targets of shape \(n, 1\).*\(6, 2\)",
    ),
    "two arrays for one input": (
        fit([X, X], Y),
        ValueError,
        r"one array for each input: in\. Received: 2 arrays",
    ),
    "text": (fit(np.array([["a"] * 4] * 6), Y), ValueError, r"x must hold real numbers.*<U1"),
    "complex numbers": (fit(X.astype(complex), Y), ValueError, r"real numbers.*complex128"),
    "labels too high": (
        fit_classes(SPARSE, np.full(6, 3)),
        ValueError,
        r"class numbers of output 'out' must be in \[0, 3\).*max\(y\)=3",
    ),
    "labels too low": (
        fit_classes(SPARSE, np.full(6, -1)),
        ValueError,
        r"class numbers of output 'out' .*min\(y\)=-1",
    ),
    "labels for a one-hot loss": (
        fit_classes("categorical_crossentropy", np.zeros(6)),
        ValueError,
        r"output 'out' .*\(n, 3\).*use sparse_categorical_crossentropy",
    ),
    "one-hot for a label loss": (
        fit_classes(SPARSE, np.eye(3)[[0, 1, 2, 0, 1, 2]]),
        ValueError,
        r"output 'out' takes one class number.*use categorical_crossentropy",
    ),
    "weights too wide": (
        fit(X, Y, sample_weight=np.ones((6, 2))),
        ValueError,
        r"sample_weight must have one number per sample.*\(6, 2\)",
    ),
    "too few weights of samples": (
        fit(X, Y, sample_weight=np.ones(5)),
        ValueError,
        r"x and sample_weight .*6 rows of x and 5 of sample_weight",
    ),
    "one array for two inputs": (
        fit_two(A, [Y, Y]),
        ValueError,
        r"x must be .*each input: a, b\. Received: ndarray",
    ),
    "one of two arrays": (fit_two([A], [Y, Y]), ValueError, r"each input: a, b\. Received: 1"),
    "one of two names": (fit_two({"a": A}, [Y, Y]), ValueError, r"nothing for input 'b'"),
    "one target for two": (fit_two([A, B], Y), ValueError, r"y must be .*each output: p, q"),
    "one of two targets": (fit_two([A, B], {"p": Y}), ValueError, r"nothing for output 'q'"),
    "inputs of different lengths": (
        fit_two([A, B[:5]], [Y, Y]),
        ValueError,
        r"all inputs must have as many rows\. Received: 6, 5",
    ),
    "inputs swapped": (
        lambda: two().predict([B, A], verbose=0),
        ValueError,
        r"input 'a' takes arrays of shape \(n, 4\)",
    ),
    "predicting from too much": (
        lambda: model().predict(np.zeros((2, 9)), verbose=0),
        ValueError,
        r"input 'in' takes arrays of shape \(n, 4\)\. Received: x of shape \(2, 9\)",
    ),
    "calling on too much": (
        lambda: model()(np.zeros((2, 9))),
        ValueError,
        r"input 'in' takes arrays of shape \(n, 4\)",
    ),
    "a row without its batch": (
        lambda: model().predict(np.zeros(4), verbose=0),
        ValueError,
        r"\(n, 4\)\. Received: x of shape \(4,\)",
    ),
    "batch of four things": (
        fit(iter([(X, Y, Y, Y)])),
        ValueError,
        r"\(x, y, sample_weight\)\. Received: a tuple of 4",
    ),
    "y beside batches": (fit(iter([(X, Y)]), Y), ValueError, r"y and sample_weight must be None"),
    # Their other arguments
    "no epochs": (fit(X, Y, epochs=0), ValueError, r"epochs must be .*epochs=0"),
    "negative batches": (fit(X, Y, batch_size=-1), ValueError, r"batch_size must .*batch_size=-1"),
    "split too much": (
        fit(X, Y, validation_split=1.5),
        ValueError,
        r"validation_split must be in \(0, 1\).*1\.5",
    ),
    "validation without targets": (
        fit(X, Y, validation_data=X),
        ValueError,
        r"validation_data must be \(x, y\).*Received: ndarray",
    ),
    "validation of another shape": (
        fit(X, Y, validation_data=(X[:, :2], Y)),
        ValueError,
        r"validation_data: input 'in' takes .*\(6, 2\)",
    ),
    "never validating": (
        fit(X, Y, validation_data=(X, Y), validation_freq=0),
        ValueError,
        r"validation_freq must .*validation_freq=0",
    ),
    "no callback": (fit(X, Y, callbacks=[3]), ValueError, r"callbacks must be .*Received: 3"),
    "loud": (
        lambda: model().fit(X, Y, verbose="loud"),
        ValueError,
        r"verbose must be 'auto', 0, 1 or 2.*'loud'",
    ),
    "misspelt argument": (fit(X, Y, shuffl=True), TypeError, r"fit\(\) got .*'shuffl'"),
    # What a model is compiled and observed with
    "negative rate": (
        lambda: keras.optimizers.SGD(learning_rate=-1),
        ValueError,
        r"learning_rate must be .*learning_rate=-1",
    ),
    "optimizer's argument": (
        lambda: keras.optimizers.SGD(learning_rte=1),
        ValueError,
        r"unknown argument of SGD: learning_rte",
    ),
    "beta": (lambda: keras.optimizers.Adam(beta_1=1.5), ValueError, r"beta_1 must .*beta_1=1\.5"),
    "clipped twice": (
        lambda: keras.optimizers.SGD(clipnorm=1, clipvalue=1),
        ValueError,
        r"only one of clipnorm, clipvalue",
    ),
    "mode": (
        lambda: keras.callbacks.EarlyStopping(mode="up"),
        ValueError,
        r"mode must .*='up'",
    ),
    "growing rate": (
        lambda: keras.callbacks.ReduceLROnPlateau(factor=2.0),
        ValueError,
        r"factor must be a number in \[0, 1\).*factor=2\.0",
    ),
    "word for delta": (
        lambda: keras.losses.Huber(delta="a"),
        ValueError,
        r"delta must .*delta='a'",
    ),
    "word for a quantile": (lambda: keras.losses.Quantile("a"), ValueError, r"must be .*'a'"),
    "word for smoothing": (
        lambda: keras.losses.BinaryCrossentropy(label_smoothing="a"),
        ValueError,
        r"label_smoothing must .*label_smoothing='a'",
    ),
    "word for momentum": (
        lambda: keras.layers.BatchNormalization(momentum="a"),
        ValueError,
        r"momentum must .*momentum='a'",
    ),
    "word for epsilon": (
        lambda: keras.layers.BatchNormalization(epsilon="a"),
        ValueError,
        r"epsilon must .*epsilon='a'",
    ),
    "word for a slope": (
        lambda: keras.layers.LeakyReLU(negative_slope="a"),
        ValueError,
        r"negative_slope must .*negative_slope='a'",
    ),
    "word for beta": (
        lambda: keras.metrics.FBetaScore(beta="a"),
        ValueError,
        r"beta must .*beta='a'",
    ),
    "word for scale": (
        lambda: keras.initializers.VarianceScaling(scale="a"),
        ValueError,
        r"scale must .*scale='a'",
    ),
    "word for steps": (
        lambda: keras.optimizers.schedules.CosineDecay(0.1, "a"),
        ValueError,
        r"decay_steps must .*decay_steps='a'",
    ),
    "word for a shape": (
        lambda: keras.layers.Reshape(("a",)),
        ValueError,
        r"target_shape must be .*target_shape=\('a',\)",
    ),
    "float for a shape": (
        lambda: keras.layers.Reshape((2.5, 2)),
        ValueError,
        r"target_shape must be .*2\.5",
    ),
    "two unknown sizes": (
        lambda: keras.layers.Reshape((-1, -1, 5)),
        ValueError,
        r"target_shape must be .*\(-1, -1, 5\)",
    ),
    "word for an axis to normalize": (
        lambda: keras.layers.LayerNormalization(axis="last"),
        TypeError,
        r"axis must be an integer or a list of some. Received: axis='last'",
    ),
    "number for whether to train": (
        lambda: keras.layers.Dense(2, trainable=1),
        ValueError,
        r"trainable must be True or False. Received: trainable=1",
    ),
    "two shapes of an input": (
        lambda: keras.Input((2, 3), batch_shape=(2, 3)),
        ValueError,
        r"shape or batch_shape, not both. Received: shape=\(2, 3\), batch_shape=\(2, 3\)",
    ),
    "words for classes": (
        lambda: keras.utils.to_categorical(["a"]),
        ValueError,
        r"x must hold whole numbers. Received: x.dtype=<U1",
    ),
    "nothing for classes": (
        lambda: keras.utils.to_categorical(None),
        ValueError,
        r"x must hold whole numbers",
    ),
    "word for a count": (
        lambda: keras.utils.to_categorical([0, 1], num_classes="3"),
        ValueError,
        r"num_classes must be .*num_classes='3'",
    ),
    "reduction": (
        lambda: keras.losses.MeanSquaredError(reduction="avg"),
        ValueError,
        r"reduction must .*reduction='avg'",
    ),
    "pieces": (
        lambda: keras.optimizers.schedules.PiecewiseConstantDecay([1, 2], [1.0]),
        ValueError,
        r"boundaries must be one less than values",
    ),
    # Reading
    "no file": (
        lambda: keras.models.load_model("no_such_model.pynn"),
        FileNotFoundError,
        r"no_such_model\.pynn",
    ),
    "custom layer unknown": (
        lambda: keras.models.model_from_json(UNKNOWN),
        ValueError,
        r"unknown layer: 'Mine'.*passed in custom_objects",
    ),
    "config of nothing": (
        lambda: keras.models.model_from_json("[1]"),
        ValueError,
        r"must be a dict with the keys 'class_name' and 'config'",
    ),
    "cloning a number": (lambda: keras.models.clone_model(3), ValueError, r"takes a model.*int"),
    "classes out of range": (
        lambda: keras.utils.to_categorical([0, 5], num_classes=3),
        ValueError,
        r"num_classes=3.*max\(x\)=5",
    ),
    "half precision": (
        lambda: keras.backend.set_floatx("float16"),
        ValueError,
        r"floatx must be one of .*'float16'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_use(name: str) -> None:
    action, kind, message = CASES[name]
    with pytest.raises(kind, match=f"(?s){message}"):
        action()


def test_there_are_as_many_cases_as_promised() -> None:
    assert len(CASES) >= 60


class Mine(layers.Layer):
    def __init__(self, factor: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


def test_a_file_with_a_custom_layer(tmp_path: Path) -> None:
    path = tmp_path / "model.pynn"
    keras.Sequential([keras.Input((4,)), Mine(2.0)]).save(path)
    with pytest.raises(ValueError, match="unknown layer: 'Mine'.*custom_objects"):
        keras.models.load_model(path)
    loaded = keras.models.load_model(path, custom_objects={"Mine": Mine})
    np.testing.assert_array_equal(loaded(X + 1), 2 * X + 2)
