"""Models by way of Keras's surface: the same lines for Keras and for pynn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from measuring import data
from measuring.work import Prediction, Training

OPTIMIZERS: dict[str, Callable[[Any, float], Any]] = {
    "sgd": lambda optimizers, rate: optimizers.SGD(rate),
    "momentum": lambda optimizers, rate: optimizers.SGD(rate, momentum=0.9),
    "rmsprop": lambda optimizers, rate: optimizers.RMSprop(rate),
    "adam": lambda optimizers, rate: optimizers.Adam(rate),
    "adamw": lambda optimizers, rate: optimizers.AdamW(rate),
    "nadam": lambda optimizers, rate: optimizers.Nadam(rate),
}


def build(keras: Any, case: Training | Prediction) -> Any:
    layers = keras.layers
    model = keras.models.Sequential([layers.Input((case.sizes[0],))])
    batch_norm, dropout = getattr(case, "batch_norm", False), getattr(case, "dropout", 0.0)
    for units in case.sizes[1:-1]:
        if batch_norm:
            model.add(layers.Dense(units, dtype=case.dtype))
            model.add(layers.BatchNormalization(dtype=case.dtype))
            model.add(layers.Activation("relu", dtype=case.dtype))
        else:
            model.add(layers.Dense(units, activation="relu", dtype=case.dtype))
        if dropout:
            model.add(layers.Dropout(dropout, dtype=case.dtype))
    last = "softmax" if case.classifies else None
    model.add(layers.Dense(case.sizes[-1], activation=last, dtype=case.dtype))
    return model


def compiled(keras: Any, case: Training) -> Any:
    model = build(keras, case)
    model.compile(
        loss="sparse_categorical_crossentropy" if case.classifies else "mse",
        optimizer=OPTIMIZERS[case.optimizer](keras.optimizers, case.rate),
        metrics=["accuracy"] if case.classifies else None,
    )
    return model


def train(keras: Any, case: Training) -> Callable[[], object]:
    x, y = data.load(case.data, case.dtype)
    x, y = x[: case.rows], y[: case.rows]
    model = compiled(keras, case)

    def fit() -> None:
        model.fit(x, y, batch_size=case.batch, epochs=case.epochs, verbose=0)

    return fit


def predict(keras: Any, case: Prediction) -> Callable[[], object]:
    x = np.ascontiguousarray(data.load(case.data, case.dtype)[0][: case.rows])
    model = build(keras, case)
    if case.call == "call":
        return lambda: model(x)
    return lambda: model.predict(x, verbose=0)
