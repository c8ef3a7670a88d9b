"""KerasTuner searches models of pynn, unmodified; collected only where it is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
import numpy as np
import pynn
pynn.as_keras()
import keras
import keras_tuner

rng = np.random.default_rng(0)
x = rng.standard_normal((200, 8)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")


def build(hp):
    model = keras.Sequential([keras.layers.Flatten()])
    for _ in range(hp.Int("hidden", 1, 2)):
        activation = hp.Choice("activation", ["relu", "tanh"])
        model.add(keras.layers.Dense(hp.Int("units", 4, 16, step=4), activation=activation))
    if hp.Boolean("dropout"):
        model.add(keras.layers.Dropout(0.2))
    model.add(keras.layers.Dense(2, activation="softmax"))
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


name, directory = sys.argv[1:]
options = {"max_epochs": 4} if name == "Hyperband" else {"max_trials": 5}


def tuner():
    make = getattr(keras_tuner, name)
    return make(build, "val_accuracy", seed=1, directory=directory, project_name="p", **options)


search = tuner()
stopping = keras.callbacks.EarlyStopping(patience=2)
search.search(x, y, validation_split=0.25, epochs=4, verbose=0, callbacks=[stopping])
best = search.oracle.get_best_trials(1)[0]
(model,) = search.get_best_models(1)
loss, accuracy = model.evaluate(x[150:], y[150:], verbose=0)
assert abs(accuracy - best.score) < 1e-6, (accuracy, best.score)
assert accuracy > 0.6
assert set(search.get_best_hyperparameters()[0].values) >= {"hidden", "units", "rate"}
assert len(tuner().oracle.trials) == len(search.oracle.trials)  # read from its files
assert type(model) is pynn.Sequential
"""


@pytest.mark.parametrize(
    "name", ["RandomSearch", "Hyperband", "BayesianOptimization", "GridSearch"]
)
def test_search(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, name, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
