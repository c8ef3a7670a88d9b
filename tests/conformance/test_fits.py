"""Whole trainings from the same weights: histories, evaluations and predictions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import TRAINING, assert_agree, generator

ROWS = 50


class Case(NamedTuple):
    """A model, how it is compiled, and how it is trained, with either library."""

    model: Callable[[Any], Any]
    compiled: Callable[[Any], dict[str, Any]]
    fit: dict[str, Any]


def plain(k: Any, *more: Any, units: int = 1, activation: Any = None) -> Any:
    return k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(6, activation="tanh"),
            *more,
            k.layers.Dense(units, activation=activation),
        ]
    )


def regularized(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(
                6,
                activation="relu",
                kernel_regularizer=k.regularizers.L1L2(0.01, 0.02),
                bias_regularizer="l2",
                kernel_constraint=k.constraints.MaxNorm(0.8),
            ),
            k.layers.Dense(5, activation="elu", activity_regularizer=k.regularizers.L2(0.01)),
            k.layers.ActivityRegularization(l1=0.01),
            k.layers.Dense(1, kernel_constraint="non_neg"),
        ]
    )


def wide_and_deep(k: Any) -> Any:
    wide, deep = k.Input((2,), name="wide"), k.Input((4,), name="deep")
    hidden = k.layers.Dense(5, activation="relu")(deep)
    hidden = k.layers.Dense(5, activation="relu")(hidden)
    both = k.layers.Concatenate()([wide, hidden])
    main = k.layers.Dense(1, name="main")(both)
    aux = k.layers.Dense(1, name="aux")(hidden)
    return k.Model(inputs=[wide, deep], outputs=[main, aux])


def shared(k: Any) -> Any:
    inputs = k.Input((4,))
    layer = k.layers.Dense(4, activation="tanh")
    x = layer(layer(inputs) + inputs)
    return k.Model(inputs, k.layers.Dense(1)(x))


def normalized(k: Any) -> Any:
    return plain(k, k.layers.BatchNormalization(momentum=0.8), k.layers.LayerNormalization())


def activated(k: Any) -> Any:
    return plain(k, k.layers.PReLU(), k.layers.LeakyReLU(), k.layers.ELU())


def frozen(k: Any) -> Any:
    model = plain(k, k.layers.BatchNormalization())
    model.layers[0].trainable = False
    model.layers[1].trainable = False
    return model


def looked_up(k: Any, **arguments: Any) -> Any:
    inputs = k.Input((4,), dtype="int32")
    table = k.layers.Embedding(9, 3, **arguments)
    hidden = k.layers.Dense(5, activation="tanh")(k.layers.Flatten()(table(inputs)))
    return k.Model(inputs, k.layers.Dense(1)(hidden))


def looked_up_twice(k: Any) -> Any:
    inputs = k.Input((4,), dtype="int32")
    table = k.layers.Embedding(9, 3)
    first, second = table(inputs[:, :2]), table(inputs[:, 2:])
    return k.Model(inputs, k.layers.Dense(1)(k.layers.Flatten()(first * second)))


def penalized(k: Any) -> Any:
    return looked_up(
        k,
        embeddings_regularizer=k.regularizers.L2(0.01),
        embeddings_constraint=k.constraints.MaxNorm(0.8, axis=1),
    )


_MSE: dict[str, Any] = {"loss": "mse", "metrics": ["mae", "mape"]}
_WEIGHT = generator("weights").random(ROWS).astype("float32")


def sgd(**options: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda k: {**_MSE, "optimizer": k.optimizers.SGD(0.05), **options}


def optimizer(name: str, **options: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda k: {**_MSE, "optimizer": getattr(k.optimizers, name)(**options)}


_NUMBERS = {"x": generator("numbers").integers(0, 8, (ROWS, 4)).astype("int32")}


CASES: dict[str, Case] = {
    "looked up": Case(looked_up, sgd(), _NUMBERS),
    "looked up, with all steps": Case(looked_up, optimizer("Adam"), _NUMBERS),
    "looked up twice": Case(looked_up_twice, optimizer("Adam"), _NUMBERS),
    "looked up, clipped": Case(looked_up, optimizer("Adam", global_clipnorm=0.3), _NUMBERS),
    "looked up, penalized": Case(penalized, optimizer("Adam"), _NUMBERS),
    "plain": Case(plain, sgd(), {}),
    "validation": Case(plain, sgd(), {"validation_split": 0.3}),
    "split and data": Case(plain, sgd(), {"validation_split": 0.3, "validation_data": "same"}),
    "validation data": Case(plain, sgd(), {"validation_data": "same", "validation_freq": 2}),
    "validation weights": Case(plain, sgd(), {"validation_data": "weighted"}),
    "sample weights": Case(plain, sgd(weighted_metrics=["mse"]), {"sample_weight": _WEIGHT}),
    "last batch": Case(plain, sgd(), {"batch_size": 16}),
    "one batch": Case(plain, sgd(), {"batch_size": 100}),
    "steps": Case(plain, sgd(), {"batch_size": 10, "steps_per_epoch": 3, "epochs": 1}),
    "initial epoch": Case(plain, sgd(), {"initial_epoch": 2, "epochs": 4}),
    "regularized": Case(regularized, sgd(), {}),
    "shared": Case(shared, sgd(), {}),
    "normalized": Case(normalized, sgd(), {"validation_split": 0.2}),
    "activated": Case(activated, sgd(), {}),
    "frozen": Case(frozen, sgd(), {}),
    "accumulated": Case(plain, optimizer("SGD", gradient_accumulation_steps=2), {"batch_size": 10}),
    "averaged": Case(plain, optimizer("Adam", use_ema=True, ema_momentum=0.9), {}),
    "overwritten": Case(
        plain, optimizer("SGD", use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3), {}
    ),
    "clipped": Case(plain, optimizer("SGD", global_clipnorm=0.3), {}),
    "decayed": Case(plain, optimizer("AdamW", learning_rate=0.01, weight_decay=0.1), {}),
    **{
        name: Case(plain, optimizer(name), {})
        for name in (
            "RMSprop",
            "Adam",
            "Nadam",
            "Adamax",
            "Adagrad",
            "Adadelta",
            "Lion",
            "Ftrl",
            "Adafactor",
            "Lamb",
            "Muon",
            "ScheduleFreeAdamW",
        )
    },
    "schedule": Case(
        plain,
        lambda k: {
            **_MSE,
            "optimizer": k.optimizers.Adam(
                k.optimizers.schedules.CosineDecay(0.01, 8, warmup_target=0.05, warmup_steps=3)
            ),
        },
        {},
    ),
    "bits": Case(
        lambda k: plain(k, activation="sigmoid"),
        lambda k: {
            "optimizer": k.optimizers.SGD(0.1),
            "loss": "binary_crossentropy",
            # Names of classes are keys as typed in Keras 3, in snake case here and in Keras 2.
            "metrics": ["accuracy", "auc", "precision", "recall"],
        },
        {"y": "bits"},
    ),
    "logits": Case(
        plain,
        lambda k: {
            "optimizer": "adam",
            "loss": k.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
            "metrics": [k.metrics.BinaryAccuracy(threshold=0.0)],
        },
        {"y": "bits"},
    ),
    "overlap": Case(
        lambda k: plain(k, activation="sigmoid"),
        lambda k: {
            "optimizer": k.optimizers.SGD(0.5),
            "loss": k.losses.Tversky(alpha=0.3, beta=0.8),
            "metrics": [k.metrics.RecallAtPrecision(0.6)],
        },
        {"y": "bits", "batch_size": 16},
    ),
    "doubtful labels": Case(
        lambda k: plain(k, units=3, activation="softmax"),
        lambda k: {
            "optimizer": k.optimizers.SGD(0.1),
            "loss": k.losses.CategoricalGeneralizedCrossEntropy(0.7),
        },
        {"y": "labels", "sample_weight": _WEIGHT},
    ),
    "labels": Case(
        lambda k: plain(k, units=3, activation="softmax"),
        lambda k: {
            "optimizer": k.optimizers.SGD(0.1),
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy", k.metrics.SparseTopKCategoricalAccuracy(2, name="top")],
        },
        {"y": "labels", "validation_split": 0.2},
    ),
    "class weights": Case(
        lambda k: plain(k, units=3, activation="softmax"),
        lambda k: {
            "optimizer": k.optimizers.SGD(0.1),
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["acc"],
            "weighted_metrics": ["accuracy"],
        },
        {"y": "labels", "class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    ),
    "one hot": Case(
        lambda k: plain(k, units=3, activation="softmax"),
        lambda k: {
            "optimizer": k.optimizers.SGD(0.1),
            "loss": k.losses.CategoricalCrossentropy(label_smoothing=0.1),
            "metrics": ["accuracy", k.metrics.F1Score(average="macro")],
        },
        {"y": "one hot"},
    ),
    "two outputs": Case(
        wide_and_deep,
        lambda k: {
            "optimizer": k.optimizers.SGD(0.02),
            "loss": ["mse", "mae"],
            "loss_weights": [0.9, 0.1],
        },
        {"y": "two", "validation_split": 0.2},
    ),
    "two outputs by name": Case(
        wide_and_deep,
        lambda k: {
            "optimizer": k.optimizers.SGD(0.02),
            "loss": {"main": "mse", "aux": k.losses.Huber()},
            "loss_weights": {"main": 0.7, "aux": 0.3},
            "metrics": {"main": ["mae"], "aux": ["mse", "mae"]},
        },
        {"y": "two by name"},
    ),
    "sum": Case(plain, sgd(loss="mean_squared_error", loss_weights=0.5), {}),
}


def data_for(case: Case) -> dict[str, Any]:
    """Return the arguments of fit."""
    rng = generator("data")
    x = rng.standard_normal((ROWS, 4)).astype("float32")
    target = x[:, :1] - 0.5 * x[:, 1:2] ** 2
    kind = case.fit.get("y", "real")
    y: Any = target
    if kind == "bits":
        y = (target > 0).astype("float32")
    elif kind in ("labels", "one hot"):
        y = np.digitize(target[:, 0], [-0.5, 0.5]).astype("int64")
        y = np.eye(3, dtype="float32")[y] if kind == "one hot" else y
    inputs: Any = x
    if kind.startswith("two"):
        inputs = [x[:, :2], x]
        y = [target, target] if kind == "two" else {"main": target, "aux": target}
    given = {"x": inputs, "epochs": 3, "batch_size": 12, "shuffle": False, "verbose": 0}
    given.update(case.fit)
    given["y"] = y
    if given.get("validation_data") == "same":
        given["validation_data"] = (x, target)
    if given.get("validation_data") == "weighted":
        given["validation_data"] = (x, target, _WEIGHT)
    return given


@pytest.mark.parametrize("name", CASES)
def test_training(name: str) -> None:
    case = CASES[name]
    models = [case.model(library) for library in (pynn, keras)]
    rng = generator("start", name)
    start = [0.4 * rng.standard_normal(w.shape) + 0.5 for w in models[0].get_weights()]
    histories, evaluations, predictions = [], [], []
    for library, model in zip((pynn, keras), models, strict=True):
        model.set_weights([w.astype("float32") for w in start])
        model.compile(**case.compiled(library))
        given = data_for(case)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of data that run out after steps_per_epoch
            histories.append(model.fit(**given).history)
        x, y = given["x"], given["y"]
        evaluations.append(model.evaluate(x, y, batch_size=12, verbose=0, return_dict=True))
        predictions.append(model.predict(x, verbose=0))
    assert sorted(histories[0]) == sorted(histories[1])
    for figure, values in histories[0].items():
        assert_agree(values, histories[1][figure], TRAINING, figure)
    assert evaluations[0].keys() == evaluations[1].keys()
    for figure, value in evaluations[0].items():
        assert_agree(value, evaluations[1][figure], TRAINING, figure)
    both = [p if isinstance(p, (list, tuple)) else [p] for p in predictions]
    for one, other in zip(*both, strict=True):
        assert_agree(one, other, TRAINING)
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        assert_agree(one, other, TRAINING)


def test_single_batches_and_what_they_return() -> None:
    x = generator("batches").standard_normal((12, 4)).astype("float32")
    y = x[:, :1]
    results = []
    start = plain(pynn).get_weights()
    for library in (pynn, keras):
        model = plain(library)
        model.set_weights(start)
        model.compile(library.optimizers.SGD(0.1), "mse", metrics=["mae"])
        found = [model.train_on_batch(x[i : i + 4], y[i : i + 4]) for i in (0, 4, 8)]
        found.append(model.test_on_batch(x, y))
        found.append(list(model.train_on_batch(x, y, return_dict=True).values()))
        found.append(np.asarray(model.predict_on_batch(x))[:2, 0])
        found.append(model.evaluate(x, y, verbose=0))
        summed = plain(library)
        summed.set_weights(start)
        summed.compile("sgd", library.losses.MeanSquaredError(reduction="sum"))
        found.append(summed.test_on_batch(np.tile(x, (4, 1)), np.tile(y, (4, 1))))  # 48 rows
        results.append(found)
    for one, other in zip(*results, strict=True):
        assert_agree(one, other, TRAINING)
