"""What callbacks decide after each epoch, given the same random figures."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import generator

EPOCHS = 14
EARLY: list[dict[str, Any]] = [
    {},
    {"patience": 2},
    {"patience": 3, "min_delta": 0.2},
    {"patience": 2, "baseline": 0.4},
    {"patience": 1, "start_from_epoch": 4},
    {"patience": 2, "restore_best_weights": True},
    {"patience": 3, "restore_best_weights": True, "baseline": 0.1},
    {"patience": 2, "restore_best_weights": True, "start_from_epoch": 3, "min_delta": 0.1},
    {"monitor": "val_accuracy", "patience": 2, "mode": "max"},
    {"monitor": "val_accuracy", "patience": 2, "mode": "min", "restore_best_weights": True},
    {"monitor": "loss", "patience": 1, "mode": "min"},
]
PLATEAU: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 2, "factor": 0.5},
    {"patience": 1, "cooldown": 2, "factor": 0.5},
    {"patience": 1, "cooldown": 1, "factor": 0.3, "min_lr": 0.01},
    {"patience": 2, "min_delta": 0.25},  # between the figures: Keras compares in float32
    {"monitor": "val_accuracy", "mode": "max", "patience": 1, "factor": 0.9},
]
CHECKPOINT: list[dict[str, Any]] = [
    {},
    {"save_best_only": True},
    {"save_best_only": True, "mode": "min", "initial_value_threshold": 0.5},
    {"save_best_only": True, "monitor": "val_accuracy", "mode": "max"},
]


class FakeModel:
    """A model to callbacks alone; its weights are the number of the epoch."""

    def __init__(self, library: Any) -> None:
        self.optimizer = library.optimizers.SGD(0.1)
        self.metrics: list[Any] = []
        self.layers: list[Any] = []
        self.stop_training = False
        self.compiled = self.built = True
        self.epoch = 0
        self.saved: list[int] = []

    def get_weights(self) -> list[int]:
        return [self.epoch]

    def set_weights(self, weights: list[int]) -> None:
        (self.epoch,) = weights

    def save(self, path: Any, **options: Any) -> None:
        self.saved.append(self.epoch)

    save_weights = save


def figures(*key: Any) -> list[dict[str, float]]:
    """Return logs that fall, then wander, with equal ones among them and not numbers at times."""
    rng = generator(*key)
    falling = np.exp(-0.3 * np.arange(EPOCHS))
    names = ("loss", "val_loss", "val_accuracy")
    columns = {name: np.round(falling + 0.2 * rng.standard_normal(EPOCHS), 1) for name in names}
    columns["val_accuracy"] = 1 - columns["val_accuracy"]
    if rng.random() < 0.3:
        columns["val_loss"][rng.integers(1, EPOCHS)] = np.nan
    return [{name: float(columns[name][i]) for name in names} for i in range(EPOCHS)]


def history(library: Any, name: str, options: dict[str, Any], key: Any) -> list[Any]:
    """Return what is to be seen of the model after each epoch, and at the end."""
    callback = getattr(library.callbacks, name)(**options)
    model = FakeModel(library)
    seen: list[Any] = []
    for training in range(2):  # the second starts afresh
        callback.set_model(model)
        model.stop_training = False
        callback.on_train_begin({})
        for epoch, logs in enumerate(figures(key, training)):
            callback.on_epoch_begin(epoch, {})
            model.epoch = epoch + 1
            callback.on_epoch_end(epoch, dict(logs))
            rate = round(float(model.optimizer.learning_rate), 6)
            seen.append((epoch, model.stop_training, rate, list(model.saved)))
            if model.stop_training:
                break
        callback.on_train_end({})
        seen.append(("end", model.epoch, getattr(callback, "stopped_epoch", None)))
    return seen


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("case", range(len(EARLY)))
def test_early_stopping(case: int, seed: int) -> None:
    key = ("early", case, seed)
    assert history(pynn, "EarlyStopping", EARLY[case], key) == history(
        keras, "EarlyStopping", EARLY[case], key
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("case", range(len(PLATEAU)))
def test_reduce_on_plateau(case: int, seed: int) -> None:
    key = ("plateau", case, seed)
    assert history(pynn, "ReduceLROnPlateau", PLATEAU[case], key) == history(
        keras, "ReduceLROnPlateau", PLATEAU[case], key
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("case", range(len(CHECKPOINT)))
def test_checkpoint(case: int, seed: int, tmp_path: Any) -> None:
    key = ("checkpoint", case, seed)
    options = {"filepath": str(tmp_path / "m.weights.h5"), "save_weights_only": True}
    options.update(CHECKPOINT[case])
    assert history(pynn, "ModelCheckpoint", options, key) == history(
        keras, "ModelCheckpoint", options, key
    )


@pytest.mark.parametrize("seed", range(3))
def test_rates_of_a_function(seed: int) -> None:
    def schedule(epoch: int, rate: float) -> float:
        return float(rate) * (0.5 if epoch % 3 == 2 else 1.1)

    options = {"schedule": schedule}
    assert history(pynn, "LearningRateScheduler", options, seed) == history(
        keras, "LearningRateScheduler", options, seed
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.0])
def test_the_end_of_numbers(value: float) -> None:
    stopped = []
    for library in (pynn, keras):
        callback = library.callbacks.TerminateOnNaN()
        model = FakeModel(library)
        callback.set_model(model)
        callback.on_train_batch_end(3, {"loss": value})
        stopped.append(model.stop_training)
    assert stopped[0] == stopped[1]


# Keras refuses names that no metric has; pynn goes by the name. Of a first figure that is not a
# number Keras makes the best one, which nothing is better than; pynn waits for a number.
NAMES = (
    "loss",
    "val_loss",
    "accuracy",
    "val_accuracy",
    "auc",
    "precision",
    "val_recall",
    "mae",
    "val_mse",
)


@pytest.mark.parametrize("name", NAMES)
def test_which_way_is_better_by_the_name_and_the_metric(name: str) -> None:
    x = np.linspace(0, 1, 12, dtype="float32")[:, None]
    found = []
    for library in (pynn, keras):
        inputs = library.Input((1,))
        model = library.Model(inputs, library.layers.Dense(1, "sigmoid", name="out")(inputs))
        metrics = ["accuracy", "auc", "precision", "recall", "mae", "mse"]
        model.compile("sgd", "binary_crossentropy", metrics=metrics)
        y = (x > 0.5).astype("float32")
        model.fit(x, y, verbose=0)
        callback = library.callbacks.EarlyStopping(monitor=name, patience=0)
        callback.set_model(model)
        callback.on_train_begin({})
        try:
            for epoch, value in enumerate((0.5, 0.4, 0.3)):
                callback.on_epoch_end(epoch, {name: value})
        except ValueError:
            found.append("refused")
        else:
            found.append(callback.stopped_epoch)
    assert found[0] == found[1]


def test_outputs_of_a_prediction() -> None:
    found = []
    for library in (pynn, keras):
        seen: list[Any] = []

        class Collector(library.callbacks.Callback):  # type: ignore[misc, name-defined]
            def on_predict_batch_end(self, batch: int, logs: Any = None, seen: Any = seen) -> None:
                outputs = np.asarray(logs["outputs"]).round(5).tolist()
                seen.append((batch, dict(self.params), outputs))

        inputs = library.Input((3,))
        dense = library.layers.Dense(1, kernel_initializer="ones")
        model = library.Model(inputs, dense(inputs))
        x = np.arange(30, dtype="float32").reshape(10, 3) / 30
        model.predict(x, 4, callbacks=[Collector()], verbose=0)
        found.append(seen)
    assert found[0] == found[1]
