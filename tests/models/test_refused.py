"""What cannot be meant is refused when it is given, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import MLPClassifier, constraints, initializers, layers

X = np.random.default_rng(0).random((30, 4), dtype=np.float32)
CLASSES = np.arange(30) % 3


def model(loss: Any = "sparse_categorical_crossentropy", **compiled: Any) -> Any:
    built = pynn.Sequential([pynn.Input((4,)), layers.Dense(3, "softmax")])
    built.compile("sgd", loss, **compiled)
    return built


CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "fractional labels": (
        lambda: model().fit(X, CLASSES + 0.5, verbose=0),
        "class numbers of output .* must be whole numbers. Received: 0.5",
    ),
    "fractional labels, evaluate": (
        lambda: model().evaluate(X, CLASSES * 0.7, verbose=0),
        "must be whole numbers. Received: 0.7",
    ),
    "predict None": (lambda: model().predict(None), "needs data. Received: None"),
    "evaluate None": (lambda: model().evaluate(None), "needs data: x is None"),
    "call None": (lambda: model().predict_on_batch(None), "needs data. Received: None"),
    "an unknown size": (
        lambda: pynn.Input((None, 4)),
        r"an Input must be known in every axis, .* pad them .*Received: shape=\(None, 4\)",
    ),
    "a number as loss": (lambda: model(5), "a loss must be a name, .*Received: 5"),
    "numbers as losses": (lambda: model({"dense": 5}), "a loss must be .*Received: 5"),
    "a number as metric": (lambda: model(metrics=[5]), "a metric must be .*Received: 5"),
    "MaxNorm": (lambda: constraints.MaxNorm(-1), "max_value must be .* not negative"),
    "MaxNorm, NaN": (lambda: constraints.MaxNorm(float("nan")), "max_value must be .*nan"),
    "MinMaxNorm": (lambda: constraints.MinMaxNorm(-1.0, 1), "min_value must be .* not negative"),
    "MinMaxNorm, rate": (
        lambda: constraints.MinMaxNorm(rate=float("inf")),
        "rate must be a finite number",
    ),
    "Constant": (lambda: initializers.Constant(float("nan")), "value must be finite.*nan"),
    "RandomNormal": (lambda: initializers.RandomNormal(float("nan")), "mean must be .*nan"),
    "RandomNormal, stddev": (lambda: initializers.RandomNormal(0, -1), "stddev must be .*-1"),
    "RandomUniform": (lambda: initializers.RandomUniform(0, float("inf")), "maxval must be .*inf"),
    "Orthogonal": (lambda: initializers.Orthogonal(float("nan")), "gain must be .*nan"),
    "Dense": (lambda: layers.Dense(2**63), "units must be at most 2147483647"),
    "Embedding": (lambda: layers.Embedding(2**40, 2), "input_dim must be at most 2147483647"),
    "Input": (lambda: pynn.Input((2**63,)), "at most 2147483647 numbers"),
    "Input of several axes": (lambda: pynn.Input((2**20, 2**20)), "at most 2147483647 numbers"),
    "batch_size": (
        lambda: model().fit(X, CLASSES, batch_size=2**63, verbose=0),
        "batch_size must be at most 2147483647",
    ),
    "hidden_layer_sizes": (
        lambda: MLPClassifier((10**12,)).fit(X, CLASSES),
        "hidden_layer_sizes must be at most 2147483647. Received: hidden_layer_sizes=1000000000000",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str) -> None:
    call, message = CASES[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_whole_numbers_as_floats_are_class_numbers() -> None:
    assert len(model().fit(X, CLASSES.astype(float), verbose=0).history["loss"]) == 1
