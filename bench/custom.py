"""What does it cost to write a loss, a metric, a layer or an activation by hand with pynn.ops?

``python bench/custom.py`` trains pairs of models that compute the same, one of built-in pieces and
one of pieces written in Python, epoch by epoch in turn, and prints the medians and their ratio. The
networks are the textbook's, 8-30-1 on California housing and 784-300-100-10 on Fashion-MNIST.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import data

import pynn
from pynn import layers, ops, optimizers

MOST = 1.3  # the ratio that is promised
BATCH = 32


class Affine(layers.Layer):
    """A dense layer by hand."""

    def __init__(self, units: int, activation: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self.units = units
        self.activation = activation

    def build(self, input_shape: tuple) -> None:
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x: Any) -> Any:
        z = ops.matmul(x, self.w) + self.b
        return z if self.activation is None else self.activation(z)


class Centered(layers.Layer):
    """Layer normalization by hand."""

    def build(self, input_shape: tuple) -> None:
        self.gain = self.add_weight(shape=input_shape[1:], initializer="ones")
        self.offset = self.add_weight(shape=input_shape[1:], initializer="zeros")

    def call(self, x: Any) -> Any:
        e = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(e), axis=-1, keepdims=True)
        return e * ops.rsqrt(variance + 1e-3) * self.gain + self.offset


def huber(y_true: Any, y_pred: Any) -> Any:
    e = y_true - y_pred
    size = ops.abs(e)
    return ops.mean(ops.where(size < 1.0, 0.5 * ops.square(e), size - 0.5), axis=-1)


def softplus(x: Any) -> Any:
    return ops.log(1.0 + ops.exp(x))


def crossentropy(y_true: Any, y_pred: Any) -> Any:
    labels = ops.one_hot(ops.cast(ops.squeeze(y_true, -1), "int32"), 10)
    return -ops.sum(labels * ops.log(ops.clip(y_pred, 1e-7, 1 - 1e-7)), axis=-1)


def focal(y_true: Any, y_pred: Any) -> Any:
    p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
    return ops.sum(0.25 * y_true * ops.power(1.0 - p, 2.0) * -ops.log(p), axis=-1)


def absolute_error(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def regressor(loss: Any, metric: Any = None) -> Callable[[], pynn.Model]:
    def build() -> pynn.Model:
        model = pynn.Sequential(
            [layers.Input((8,)), layers.Dense(30, activation="relu"), layers.Dense(1)]
        )
        given = None if metric is None else [metric]
        model.compile(optimizer=optimizers.SGD(1e-3), loss=loss, metrics=given)
        return model

    return build


def classifier(
    dense: Any = layers.Dense,
    activation: Any = "relu",
    loss: Any = "sparse_categorical_crossentropy",
    between: Callable[[], Any] | None = None,
) -> Callable[[], pynn.Model]:
    def build() -> pynn.Model:
        stack = [layers.Input((784,))]
        for units in (300, 100):
            stack.append(dense(units, activation=activation))
            if between is not None:
                stack.append(between())
        stack.append(dense(10, activation=pynn.activations.softmax))
        model = pynn.Sequential(stack)
        model.compile(optimizer=optimizers.SGD(0.01), loss=loss)
        return model

    return build


def labels(y: np.ndarray) -> np.ndarray:
    return y.reshape(-1, 1)


def one_hot(y: np.ndarray) -> np.ndarray:
    return pynn.utils.to_categorical(y, 10)


# name: data, targets, the two models
PAIRS: dict[str, tuple[str, Any, Any, Any]] = {
    "Huber loss, 8-30-1": ("california", labels, regressor("huber"), regressor(huber)),
    "metric, 8-30-1": (
        "california",
        labels,
        regressor("mse", "mae"),
        regressor("mse", absolute_error),
    ),
    "dense layers": ("fashion", labels, classifier(), classifier(Affine, pynn.activations.relu)),
    "softplus": (
        "fashion",
        labels,
        classifier(activation="softplus"),
        classifier(activation=softplus),
    ),
    "layer normalization": (
        "fashion",
        labels,
        classifier(between=layers.LayerNormalization),
        classifier(between=Centered),
    ),
    "cross-entropy": ("fashion", labels, classifier(), classifier(loss=crossentropy)),
    "focal loss": (
        "fashion",
        one_hot,
        classifier(loss="categorical_focal_crossentropy"),
        classifier(loss=focal),
    ),
}


def seconds_of(model: pynn.Model, x: np.ndarray, y: np.ndarray, epochs: int) -> float:
    """Return the seconds of an epoch, the mean over some."""
    start = time.perf_counter()
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)
    return (time.perf_counter() - start) / epochs


def main() -> None:
    """Measure the pairs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="part of a row's name")
    given = parser.parse_args()
    print(f"{'':24}{'built-in':>12}{'by hand':>12}{'ratio':>8}   at most {MOST}")
    for name, (source, targets, usual, own) in PAIRS.items():
        if given.only not in name:
            continue
        x, y = data.load(source)
        y = targets(y)
        count = 20 if source == "california" else 1
        models = [usual(), own()]
        for model in models:
            seconds_of(model, x, y, 1)
        times: list[list[float]] = [[], []]
        for _ in range(given.rounds):
            for model, found in zip(models, times, strict=True):
                found.append(seconds_of(model, x, y, count))
        a, b = (statistics.median(found) for found in times)
        print(f"{name:24}{1e3 * a:>9.2f} ms{1e3 * b:>9.2f} ms{b / a:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
