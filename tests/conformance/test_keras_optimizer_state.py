"""A training that changes libraries half-way: the same optimizer's arrays, counts and rates."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn

keras = importlib.import_module("keras")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((48, 3)).astype("float32")
Y = (X[:, :1] - 0.5 * X[:, 1:2]).astype("float32")

# name: class, arguments
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True, "learning_rate": 0.03}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop centered": ("RMSprop", {"centered": True}),
    "rmsprop momentum": ("RMSprop", {"momentum": 0.5}),
    "rmsprop both": ("RMSprop", {"momentum": 0.5, "centered": True}),
    "adam": ("Adam", {"learning_rate": 0.01}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamw": ("AdamW", {"weight_decay": 0.01}),
    "nadam": ("Nadam", {"learning_rate": 0.01}),
    "adamax": ("Adamax", {}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "lion": ("Lion", {}),
    "ftrl": ("Ftrl", {"learning_rate": 0.1}),
    "adafactor": ("Adafactor", {"learning_rate": 0.1}),
    "lamb": ("Lamb", {"learning_rate": 0.01}),
    "muon": ("Muon", {"learning_rate": 0.01, "exclude_layers": ["out"]}),
    "schedule-free": ("ScheduleFreeAdamW", {"learning_rate": 0.01}),
    "average of muon": ("Muon", {"use_ema": True, "gradient_accumulation_steps": 2}),
    "average": ("Adam", {"use_ema": True, "ema_momentum": 0.9}),
    "accumulation": ("SGD", {"momentum": 0.9, "gradient_accumulation_steps": 2}),
}
# Two float32 implementations after twelve steps, relative to weights of order one.
TOLERANCE = 3e-5


def model_of(k: Any, name: str) -> Any:
    """A graph whose layers are not met in the order in which they are made."""
    a = k.Input((3,), name="a")
    late = k.layers.Dense(2, activation="tanh", name="late")
    early = k.layers.Dense(4, activation="tanh", name="early")
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(3, name="deep")], name="inner")
    frozen = k.layers.Dense(3, trainable=False, name="frozen")
    x = k.layers.Concatenate(name="both")([late(a), frozen(inner(early(a)))])
    model = k.Model(a, k.layers.Dense(1, name="out")(x))
    kind, arguments = OPTIMIZERS[name]
    model.compile(optimizer=getattr(k.optimizers, kind)(**arguments), loss="mse")
    return model


def train(model: Any, steps: int) -> None:
    """Take steps on a few batches in order; what Keras's optimizer gets are pynn's gradients.

    So no backend of Keras has to differentiate, and NumPy's cannot.
    """
    twin = model if isinstance(model, pynn.Model) else model_of(pynn, "sgd")
    for i in range(steps):
        rows = slice(8 * (i % 6), 8 * (i % 6) + 8)
        if twin is model:
            model.train_on_batch(X[rows], Y[rows])
            continue
        twin.set_weights(model.get_weights())
        with pynn.Tape() as tape:
            loss = pynn.ops.mean(pynn.ops.square(twin(X[rows]) - Y[rows]))
        gradients = tape.gradient(loss, twin.trainable_weights)
        model.optimizer.apply([np.asarray(g) for g in gradients], model.trainable_variables)


def weights_of(model: Any) -> dict[str, np.ndarray]:
    return {
        f"{layer.name}/{i}": array
        for layer in [*model.layers, *model.get_layer("inner").layers]
        if layer.name != "inner"
        for i, array in enumerate(layer.get_weights())
    }


def assert_alike(one: Any, other: Any) -> None:
    expected, found = weights_of(one), weights_of(other)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=TOLERANCE, err_msg=name)


# Keras gives two variables of Adafactor one name, which its old format cannot have.
FILES = [(n, s) for n in OPTIMIZERS for s in (".keras", ".h5") if (n, s) != ("adafactor", ".h5")]


@pytest.mark.parametrize(("name", "suffix"), FILES)
def test_pynn_goes_on_where_keras_stopped(name: str, suffix: str, tmp_path: Path) -> None:
    theirs = model_of(keras, name)
    train(theirs, 6)
    theirs.save(tmp_path / f"model{suffix}")
    ours = pynn.models.load_model(tmp_path / f"model{suffix}")
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)
    train(theirs, 6)
    train(ours, 6)
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)
    assert_alike(theirs, ours)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_keras_goes_on_where_pynn_stopped(name: str, tmp_path: Path) -> None:
    ours = model_of(pynn, name)
    train(ours, 6)
    ours.save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras warns if it skips the optimizer's variables
        theirs = keras.models.load_model(tmp_path / "model.keras")
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)
    train(theirs, 6)
    train(ours, 6)
    assert_alike(theirs, ours)


def test_a_lowered_rate_and_a_schedule_arrive(tmp_path: Path) -> None:
    theirs = model_of(keras, "momentum")
    train(theirs, 2)
    theirs.optimizer.learning_rate = 0.003
    theirs.save(tmp_path / "model.keras")
    ours = pynn.models.load_model(tmp_path / "model.keras")
    assert float(ours.optimizer.learning_rate) == 0.003
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    theirs.compile(keras.optimizers.Adam(schedule), "mse")
    train(theirs, 10)
    theirs.save(tmp_path / "model.keras")
    ours = pynn.models.load_model(tmp_path / "model.keras")
    assert float(ours.optimizer.learning_rate) == pytest.approx(0.05)
    train(theirs, 3)
    train(ours, 3)
    assert_alike(theirs, ours)
