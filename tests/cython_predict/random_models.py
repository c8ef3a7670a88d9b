"""Models of random layers, and whether the C functions predict what they do.

usage: python tests/cython_predict/random_models.py [--count N]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pynn
from cython_predict.functions import row_by_row, together
from pynn import layers
from pynn.cython_predict import Predictor

ACTIVATIONS = ["relu", "tanh", "sigmoid", "gelu", "selu", "swish", "softmax", "elu", None]


def random_model(seed: int) -> Any:
    """Return a model of up to four hidden layers, some of them beside one another."""
    rng = np.random.default_rng(seed)
    dtype = str(rng.choice(["float32", "float32", "float64"]))
    width = int(rng.choice([1, 2, 7, 8, 16, 33, 100]))
    shape = (2, width) if rng.random() < 0.2 else (width,)
    inputs = layers.Input(shape, dtype=dtype)
    x = layers.Flatten(dtype=dtype)(inputs)
    if rng.random() < 0.3:
        x = layers.Rescaling(0.5, 0.1, dtype=dtype)(x)
    for _ in range(rng.integers(0, 5)):
        units = int(rng.choice([2, 3, 16, 30, 64, 150]))
        found = layers.Dense(units, rng.choice(ACTIVATIONS), dtype=dtype)(x)
        kind = rng.integers(0, 5)
        if kind == 0:
            found = layers.BatchNormalization(dtype=dtype)(found)
        elif kind == 1:
            found = layers.Dropout(0.4, dtype=dtype)(found)
        elif kind == 2:
            found = layers.Concatenate(dtype=dtype)([found, x])
        elif kind == 3:
            found = layers.LayerNormalization(dtype=dtype)(found)
        x = found
    outputs = layers.Dense(int(rng.choice([1, 2, 10, 17])), dtype=dtype)(x)
    model = pynn.Model(inputs, outputs)
    for weight in model.weights:
        weight.assign(weight.numpy() + rng.uniform(0, 0.3, weight.shape))
    return model


def check(seed: int) -> None:
    """Compare rows, alone and together, of both types, with the model's own predictions."""
    model = random_model(seed)
    predictor = Predictor(model)
    rng = np.random.default_rng(seed)
    rows = int(rng.choice([1, 5, 33, 128, 129]))
    for dtype in ("float32", "float64"):
        x = rng.normal(size=(rows, predictor.n_inputs)).astype(dtype)
        shaped = x.reshape(rows, *model.input_shape[1:])
        expected = model.predict(shaped, verbose=0).reshape(rows, -1).astype(dtype)
        for found in (row_by_row(predictor, x), together(predictor, x)):
            np.testing.assert_array_equal(found, expected, err_msg=f"seed {seed}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    count = parser.parse_args().count
    for seed in range(count):
        check(seed)
    print(f"{count} models: rows alone and together, float32 and float64, have the same bits")
