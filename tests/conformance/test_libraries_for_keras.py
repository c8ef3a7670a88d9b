"""KerasTuner, Optuna's callback and SciKeras work on pynn, unmodified, where they are installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import sys
import numpy as np
import pynn
pynn.as_keras()
import keras

rng = np.random.default_rng(0)
x = rng.standard_normal((200, 8)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")
"""
TUNER = """
import keras_tuner


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

# A class with a fit of its own, preprocessing beside the model, logs for TensorBoard and summaries,
# as textbooks have them.
HYPERMODEL = """
import contextlib
import io
from pathlib import Path

import keras_tuner as kt


def build_model(hp):
    n_hidden = hp.Int("n_hidden", min_value=0, max_value=2, default=1)
    n_neurons = hp.Int("n_neurons", min_value=4, max_value=16)
    rate = hp.Float("learning_rate", min_value=1e-3, max_value=1e-1, sampling="log")
    optimizer = hp.Choice("optimizer", values=["sgd", "adam"])
    kinds = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    model = keras.Sequential()
    model.add(keras.layers.Flatten())
    for _ in range(n_hidden):
        model.add(keras.layers.Dense(n_neurons, activation="relu"))
    model.add(keras.layers.Dense(2, activation="softmax"))
    loss = "sparse_categorical_crossentropy"
    model.compile(loss=loss, optimizer=kinds[optimizer](learning_rate=rate), metrics=["accuracy"])
    return model


class MyHyperModel(kt.HyperModel):
    def build(self, hp):
        return build_model(hp)

    def fit(self, hp, model, X, y, **kwargs):
        if hp.Boolean("normalize"):
            normal = keras.layers.Normalization()
            normal.adapt(X)
            X = normal(X)
        return model.fit(X, y, **kwargs)


name, directory = sys.argv[1:]
logs = Path(directory) / name / "tensorboard"
options = {"Hyperband": {"max_epochs": 4, "factor": 3, "hyperband_iterations": 1}}
options["BayesianOptimization"] = {"max_trials": 4, "alpha": 1e-4, "beta": 2.6}
tuner = getattr(kt, name)(
    MyHyperModel(),
    objective="val_accuracy",
    seed=42,
    overwrite=True,
    directory=directory,
    project_name=name,
    **options.get(name, {"max_trials": 3}),
)
tensorboard = keras.callbacks.TensorBoard(logs)
stopping = keras.callbacks.EarlyStopping(patience=2)
callbacks = [stopping, tensorboard]
data = (x[150:], y[150:])
tuner.search(x[:150], y[:150], epochs=4, validation_data=data, callbacks=callbacks, verbose=0)

models = tuner.get_best_models(num_models=2)
assert len(models) == 2 and all(type(model) is pynn.Sequential for model in models)
(values,) = [each.values for each in tuner.get_best_hyperparameters(num_trials=1)]
assert set(values) >= {"n_hidden", "n_neurons", "learning_rate", "optimizer", "normalize"}
best = tuner.oracle.get_best_trials(num_trials=1)[0]
assert best.metrics.get_last_value("val_accuracy") == best.score or name == "Hyperband"
with contextlib.redirect_stdout(io.StringIO()) as said:
    tuner.results_summary(1)
    best.summary()
    tuner.search_space_summary()
assert "n_neurons" in said.getvalue() and "Score: " in said.getvalue()
assert list(logs.rglob("events.out.tfevents.*"))

model = models[0]
before = model.evaluate(*data, verbose=0)
model.fit(x, y, epochs=3, verbose=0)
again = tuner.hypermodel.build(tuner.get_best_hyperparameters()[0])
again.fit(x, y, epochs=1, verbose=0)
assert len(before) == 2 and again.count_params() == model.count_params()
"""

OPTUNA = """
import optuna
from optuna_integration import KerasPruningCallback

def objective(trial):
    units = trial.suggest_int("units", 2, 16)
    hidden = keras.layers.Dense(units, activation="relu")
    model = keras.Sequential([hidden, keras.layers.Dense(1, activation="sigmoid")])
    rate = trial.suggest_float("rate", 1e-3, 1e-1, log=True)
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    pruning = KerasPruningCallback(trial, "val_accuracy")
    options = {"validation_split": 0.25, "epochs": 5, "verbose": 0, "callbacks": [pruning]}
    return model.fit(x, y, **options).history["val_accuracy"][-1]

pruner = optuna.pruners.PercentilePruner(50, n_startup_trials=2)
study = optuna.create_study(
    direction="maximize", pruner=pruner, sampler=optuna.samplers.RandomSampler(0)
)
study.optimize(objective, n_trials=8)
assert study.best_value > 0.7
assert {trial.state.name for trial in study.trials} == {"COMPLETE", "PRUNED"}
"""
SCIKERAS = """
import pickle
from scikeras.wrappers import KerasClassifier

def build(meta, hidden):
    layers = [keras.layers.Input((meta["n_features_in_"],))]
    layers += [keras.layers.Dense(hidden, activation="relu")]
    return keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])

options = {"loss": "binary_crossentropy", "optimizer": keras.optimizers.Adam, "random_state": 1}
options |= {"optimizer__learning_rate": 0.02, "hidden": 8, "epochs": 20, "verbose": 0}
classifier = KerasClassifier(build, **options).fit(x, y)
assert classifier.score(x, y) > 0.9
again = pickle.loads(pickle.dumps(classifier))
assert (again.predict(x) == classifier.predict(x)).all()
twin = KerasClassifier(build, **options).fit(x, y)
assert (twin.predict_proba(x) == classifier.predict_proba(x)).all()
"""


@pytest.mark.parametrize(
    ("program", "name"),
    [
        *[
            (TUNER, name)
            for name in "RandomSearch Hyperband BayesianOptimization GridSearch".split()
        ],
        *[(HYPERMODEL, name) for name in "RandomSearch Hyperband BayesianOptimization".split()],
        (OPTUNA, "Optuna"),
        (SCIKERAS, "SciKeras"),
    ],
)
def test_program(program: str, name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", START + program, name, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
