"""Attributes that code reads, older arguments, and data sets; see `surface_list`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pynn as keras
from datasets.made_up import (
    ROWS,
    SUBURBS,
    batches,
    made_up_arrays,
    made_up_suburbs,
    made_up_table,
    write_batches,
    write_csv,
    write_idx,
    write_npz,
    write_suburbs,
)
from surface.surface_use import BITS, Entry, X, Y, compiled, shared


class Attributes(NamedTuple):
    """Attributes: of what below pynn, what makes an object that has them, and their names."""

    owner: str
    make: Callable[[], Any]
    names: tuple[str, ...]


def _fitted() -> Any:
    model = compiled()
    model.fit(X, Y, verbose=0)
    return model


def _callback() -> Any:
    callback = keras.callbacks.Callback()
    compiled().fit(X, Y, verbose=0, callbacks=[callback])
    return callback


def _called() -> Any:
    layer = keras.layers.Dense(2, activity_regularizer="l2", kernel_regularizer="l2")
    layer(keras.Input((6,)))
    return layer


def _wrapped(name: str) -> Callable[[], Any]:
    def make() -> Any:
        estimator = getattr(keras.wrappers.scikit_learn, name)(compiled)
        estimator.fit(X, BITS[:, 0], verbose=0)
        return estimator

    return make


def _optimizer() -> Any:
    return _fitted().optimizer


_WEIGHTS = (
    "weights",
    "trainable_weights",
    "non_trainable_weights",
    "variables",
    "trainable_variables",
    "non_trainable_variables",
    "trainable",
    "losses",
    "name",
    "built",
)
ATTRIBUTES = [
    Attributes("", lambda: keras, ("__version__",)),
    Attributes(
        "Model",
        _fitted,
        (
            "layers",
            *_WEIGHTS,
            "inputs",
            "outputs",
            "input_names",
            "output_names",
            "input_shape",
            "output_shape",
            "optimizer",
            "loss",
            "metrics",
            "metrics_names",
            "stop_training",
            "stop_evaluating",
            "stop_predicting",
            "history",
        ),
    ),
    Attributes(
        "layers.Layer",
        _called,
        (*_WEIGHTS, "dtype", "compute_dtype", "variable_dtype", "path", "input", "output"),
    ),
    Attributes(
        "Variable", lambda: _called().kernel, ("shape", "dtype", "ndim", "name", "path", "value")
    ),
    Attributes("optimizers.Optimizer", _optimizer, ("learning_rate", "iterations", "name")),
    Attributes("losses.Loss", keras.losses.Huber, ("name", "reduction")),
    Attributes("metrics.Metric", keras.metrics.AUC, ("name", "dtype", "variables")),
    Attributes("callbacks.Callback", _callback, ("model", "params")),
    Attributes("callbacks.History", lambda: _fitted().history, ("history", "epoch", "params")),
    *[
        Attributes(f"wrappers.scikit_learn.{name}", _wrapped(name), ("model",))
        for name in ("KerasClassifier", "KerasRegressor")
    ],
]
# Those whose value may be empty.
MAYBE_EMPTY = {"losses", "metrics", "non_trainable_weights", "non_trainable_variables"}
_RATES = {"lr": 0.5, "decay": 0.5}
# Arguments of older code, which are taken with a warning.
OLDER: dict[str, dict[str, Any]] = {
    **{f"optimizers.{cls.__name__}": _RATES for cls in shared(keras.optimizers)},
    "layers.LeakyReLU": {"alpha": 0.1},
}


def split_of(*rows: int) -> Callable[[Any], None]:
    """Return a check that data has so many rows to train and to test with."""

    def check(loaded: Any) -> None:
        assert [len(part) for split in loaded for part in split] == [n for n in rows for _ in "xy"]

    return check


PICTURES = 10  # of a made-up batch of CIFAR-10, which has 10,000
DATA_SETS = [
    Entry("datasets.fashion_mnist.load_data", {}, {}, split_of(60000, 10000)),
    Entry("datasets.mnist.load_data", {}, {"path": "mnist.npz"}, split_of(60000, 10000)),
    Entry("datasets.cifar10.load_data", {}, {}, split_of(5 * PICTURES, PICTURES)),
    Entry(
        "datasets.boston_housing.load_data",
        {"test_split": 0.5},
        {"path": "boston_housing.npz", "seed": 1},
        split_of(SUBURBS // 2, SUBURBS // 2),
    ),
    Entry(
        "datasets.california_housing.load_data",
        {"test_split": 0.25},
        {"version": "large", "path": "housing.csv", "seed": 1},
        split_of(ROWS * 3 // 4, ROWS // 4),
    ),
]


def write_data_sets(folder: Path) -> None:
    """Put made-up files of all data sets where they are looked for."""
    write_idx(folder / "fashion-mnist", made_up_arrays(keras.datasets.fashion_mnist), "")
    write_npz(folder / "mnist.npz", made_up_arrays(keras.datasets.mnist))
    write_csv(folder / "housing.csv", made_up_table())
    write_suburbs(folder / "boston_housing.npz", *made_up_suburbs())
    write_batches(folder / "cifar-10-batches-py", batches(PICTURES))
