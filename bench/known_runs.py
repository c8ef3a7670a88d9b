"""The results that are known from the textbook, reached again: same recipes, same data.

One line per run: what came out, what the textbook has, what Keras 3.15 reached on the same rows
with a few seeds, and whether the first is no worse than the worst of the others. The test errors on
California housing depend on a few districts with very many persons per household, and so on the
seed: those runs give the median over eleven. tests/test_known_runs.py holds what takes seconds.

usage: python bench/known_runs.py [RUN ...]     RUN: housing housing_slow wide_deep fashion mnist
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import pynn as keras

SEEDS = 11


@dataclass(frozen=True)
class Known:
    """A result that is known: the textbook's, and what Keras had, as far as it was asked."""

    figure: str
    textbook: float
    keras: tuple[float, ...] = ()

    def agrees(self, got: float) -> bool:
        known = (self.textbook, *self.keras)
        return got >= min(known) if "accuracy" in self.figure else got <= max(known)

    def __str__(self) -> str:
        keras = f", Keras {min(self.keras):.3f} to {max(self.keras):.3f}" if self.keras else ""
        return f"textbook {self.textbook:.2f}{keras}"


@cache
def housing_parts() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return x and y of the three parts that the textbook makes of California housing, scaled."""
    (x, y), (x_test, y_test) = keras.datasets.california_housing.load_data()
    x, y = np.concatenate([x, x_test]), np.concatenate([y, y_test])
    order = np.arange(len(x))
    np.random.RandomState(113).shuffle(order)  # load_data's, undone: the splits depend on the order
    x, y = x[np.argsort(order)], y[np.argsort(order)]
    x_full, x_test, y_full, y_test = train_test_split(x, y, random_state=42)
    x_train, x_valid, y_train, y_valid = train_test_split(x_full, y_full, random_state=42)
    scaler = StandardScaler().fit(x_train)
    scaled = [scaler.transform(part) for part in (x_train, x_valid, x_test)]
    return list(zip(scaled, (y_train, y_valid, y_test), strict=True))


def median_error(build: Callable[[], Any], learning_rate: float) -> float:
    """Return the median test MSE of 20 epochs of plain SGD over the seeds."""
    train, valid, test = housing_parts()
    errors = []
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        model = build()
        optimizer = keras.optimizers.SGD(learning_rate=learning_rate)
        model.compile(loss="mean_squared_error", optimizer=optimizer)
        model.fit(*train, epochs=20, validation_data=valid, verbose=0)
        errors.append(float(model.evaluate(*test, verbose=0)))
    return statistics.median(errors)


def regressor() -> keras.Model:
    """Return the textbook's 8-30-1."""
    return keras.models.Sequential(
        [keras.layers.Dense(30, activation="relu", input_shape=[8]), keras.layers.Dense(1)]
    )


def wide_and_deep() -> keras.Model:
    """Return the textbook's: all features go to the output, and through two layers of 30."""
    input_ = keras.layers.Input(shape=[8])
    hidden1 = keras.layers.Dense(30, activation="relu")(input_)
    hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
    concat = keras.layers.concatenate([input_, hidden2])
    return keras.models.Model(inputs=[input_], outputs=[keras.layers.Dense(1)(concat)])


def image_classifier(learning_rate: float) -> keras.Model:
    """Return the textbook's 784-300-100-10."""
    model = keras.models.Sequential(
        [
            keras.layers.Flatten(input_shape=[28, 28]),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=learning_rate),
        metrics=["accuracy"],
    )
    return model


def fashion() -> float:
    """784-300-100-10, plain SGD, 30 epochs: the last epoch's validation accuracy."""
    (x, y), _ = keras.datasets.fashion_mnist.load_data()
    x = x / 255.0
    model = image_classifier(0.01)
    valid = (x[:5000], y[:5000])
    history = model.fit(x[5000:], y[5000:], epochs=30, validation_data=valid, verbose=0)
    return float(history.history["val_accuracy"][-1])


def mnist() -> float:
    """The same on MNIST, rate 0.3 (the rate finder says so), early stopping: test accuracy."""
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    x, x_test = x / 255.0, x_test / 255.0
    model = image_classifier(0.3)
    stopping = keras.callbacks.EarlyStopping(patience=20, restore_best_weights=True)
    valid = (x[:5000], y[:5000])
    model.fit(
        x[5000:], y[5000:], epochs=100, validation_data=valid, callbacks=[stopping], verbose=0
    )
    return float(model.evaluate(x_test, y_test, verbose=0)[1])


HOUSING = Known("test MSE", 0.42, (0.405, 0.400, 0.518, 0.604, 0.435))
HOUSING_SLOW = Known("test MSE", 0.42, (0.475, 0.467, 0.443, 0.523, 0.426))
WIDE_DEEP = Known("test MSE", 0.40, (0.489, 0.457, 0.431, 0.446, 0.495))
RUNS: dict[str, tuple[Callable[[], float], Known]] = {
    "housing": (lambda: median_error(regressor, 0.01), HOUSING),
    "housing_slow": (lambda: median_error(regressor, 0.001), HOUSING_SLOW),
    "wide_deep": (lambda: median_error(wide_and_deep, 0.001), WIDE_DEEP),
    "fashion": (fashion, Known("validation accuracy", 0.89, (0.8948, 0.8970))),
    "mnist": (mnist, Known("test accuracy", 0.98)),
}


def main(names: list[str]) -> int:
    """Make the runs, print a line for each, and return how many disagree."""
    disagreeing = 0
    for name in names or list(RUNS):
        run, known = RUNS[name]
        keras.utils.set_random_seed(42)
        start = time.perf_counter()
        try:
            got = run()
        except keras.datasets.DatasetNotFoundError:
            print(f"{name:12s} not run: its data are not on this machine")
            continue
        agrees = known.agrees(got)
        disagreeing += not agrees
        print(
            f"{name:12s} {known.figure} {got:.3f}; {known}: "
            f"{'agrees' if agrees else 'DISAGREES'} ({time.perf_counter() - start:.1f} s)",
            flush=True,
        )
    return disagreeing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
