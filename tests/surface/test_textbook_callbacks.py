"""Callbacks as the textbook uses and writes them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn as keras
from pynn import backend as K
from surface.textbook_data import housing

X, Y = housing()
X_TRAIN, X_VALID = X[100:], X[:100]
Y_TRAIN, Y_VALID = Y[100:], Y[:100]
STEPS = 12


def compiled(learning_rate: Any = 1e-2, loss: Any = "mse") -> keras.Model:
    keras.backend.clear_session()
    keras.utils.set_random_seed(42)
    model = keras.models.Sequential(
        [
            keras.layers.Dense(30, activation="relu", input_shape=[8]),
            keras.layers.Dense(30, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(loss=loss, optimizer=keras.optimizers.SGD(learning_rate=learning_rate))
    return model


def test_checkpoints_and_early_stopping(tmp_path: Path) -> None:
    model = compiled(0.05)
    path = tmp_path / "my_keras_model.pynn"
    checkpoint_cb = keras.callbacks.ModelCheckpoint(path, save_best_only=True)
    early_stopping_cb = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    history = model.fit(
        X_TRAIN,
        Y_TRAIN,
        epochs=60,
        validation_data=(X_VALID, Y_VALID),
        callbacks=[checkpoint_cb, early_stopping_cb],
        verbose=0,
    )
    best = min(history.history["val_loss"])
    assert len(history.epoch) < 60
    assert model.evaluate(X_VALID, Y_VALID, verbose=0) == pytest.approx(best, rel=1e-6)
    loaded = keras.models.load_model(path)
    assert loaded.evaluate(X_VALID, Y_VALID, verbose=0) == pytest.approx(best, rel=1e-6)
    np.testing.assert_array_equal(loaded.predict(X_VALID), model.predict(X_VALID))


class PrintValTrainRatioCallback(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        ratio = logs["val_loss"] / logs["loss"]
        print(f"\nEpoch={epoch}, val/train={ratio:.2f}")


def test_a_callback_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    model = compiled()
    history = model.fit(
        X_TRAIN,
        Y_TRAIN,
        epochs=2,
        validation_data=(X_VALID, Y_VALID),
        callbacks=[PrintValTrainRatioCallback()],
        verbose=0,
    ).history
    ratio = history["val_loss"][1] / history["loss"][1]
    assert f"Epoch=1, val/train={ratio:.2f}" in capsys.readouterr().out


class ExponentialLearningRate(keras.callbacks.Callback):
    """The rate finder; it never calls ``super().__init__()``."""

    def __init__(self, factor: float, how: str) -> None:
        self.factor = factor
        self.how = how
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.sum_of_epoch_losses = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.sum_of_epoch_losses = 0

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        mean_epoch_loss = logs["loss"]
        new_sum = mean_epoch_loss * (batch + 1)
        self.losses.append(new_sum - self.sum_of_epoch_losses)
        self.sum_of_epoch_losses = new_sum
        optimizer = self.model.optimizer
        self.rates.append(K.get_value(optimizer.learning_rate))
        if self.how == "set_value":
            K.set_value(optimizer.learning_rate, optimizer.learning_rate * self.factor)
        elif self.how == "numpy":
            optimizer.learning_rate = optimizer.learning_rate.numpy() * self.factor
        elif self.how == "assign":
            optimizer.learning_rate.assign(optimizer.learning_rate * self.factor)
        elif self.how == "lr":
            K.set_value(optimizer.lr, K.get_value(optimizer.lr) * self.factor)
        else:
            optimizer.learning_rate *= self.factor


@pytest.mark.parametrize("how", ["set_value", "numpy", "assign", "lr", "multiply"])
def test_the_rate_finder(how: str) -> None:
    model = compiled()
    init_weights = model.get_weights()
    factor = math.exp(math.log(1e3) / STEPS)
    init_lr = K.get_value(model.optimizer.learning_rate)
    K.set_value(model.optimizer.learning_rate, 1e-5)
    finder = ExponentialLearningRate(factor, how)
    model.fit(X_TRAIN, Y_TRAIN, epochs=1, batch_size=32, callbacks=[finder], verbose=0)
    np.testing.assert_allclose(finder.rates, 1e-5 * factor ** np.arange(STEPS), rtol=1e-6)
    assert np.isfinite(finder.losses).all()
    K.set_value(model.optimizer.learning_rate, init_lr)
    model.set_weights(init_weights)
    assert model.optimizer.learning_rate == pytest.approx(1e-2)
    # The rates took effect: steps of a constant rate end elsewhere.
    model.fit(X_TRAIN, Y_TRAIN, epochs=1, batch_size=32, verbose=0)
    assert not np.array_equal(model.get_weights()[0], init_weights[0])


class OneCycleScheduler(keras.callbacks.Callback):
    def __init__(self, iterations: int, max_rate: float) -> None:
        self.iterations = iterations
        self.max_rate = max_rate
        self.iteration = 0

    def on_batch_begin(self, batch: int, logs: Any) -> None:
        half = self.iterations / 2
        share = 1 - abs(self.iteration - half) / half
        K.set_value(self.model.optimizer.learning_rate, 0.01 + share * self.max_rate)
        self.iteration += 1


def test_a_rate_for_each_step_is_the_same_as_a_schedule() -> None:
    iterations = 3 * STEPS
    model = compiled()
    model.fit(
        X_TRAIN,
        Y_TRAIN,
        epochs=3,
        verbose=0,
        callbacks=[OneCycleScheduler(iterations, 0.05)],
        shuffle=False,
    )

    class Cycle(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            half = iterations / 2
            return 0.01 + (1 - abs(step - half) / half) * 0.05

    scheduled = compiled(Cycle())
    scheduled.fit(X_TRAIN, Y_TRAIN, epochs=3, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), scheduled.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_rates_by_epoch() -> None:
    def exponential_decay(lr0: float, s: float) -> Any:
        def exponential_decay_fn(epoch: int) -> float:
            return float(lr0 * 0.1 ** (epoch / s))

        return exponential_decay_fn

    model = compiled()
    lr_scheduler = keras.callbacks.LearningRateScheduler(exponential_decay(lr0=0.01, s=20))
    history = model.fit(X_TRAIN, Y_TRAIN, epochs=3, callbacks=[lr_scheduler], verbose=0).history
    name = "learning_rate" if "learning_rate" in history else "lr"
    np.testing.assert_allclose(history[name], 0.01 * 0.1 ** (np.arange(3) / 20), rtol=1e-6)

    relative = keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.1 ** (1 / 20))
    model.fit(X_TRAIN, Y_TRAIN, epochs=2, callbacks=[relative], verbose=0)
    plateau = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=10.0)
    model.fit(
        X_TRAIN,
        Y_TRAIN,
        epochs=4,
        validation_data=(X_VALID, Y_VALID),
        callbacks=[plateau],
        verbose=0,
    )
    assert model.optimizer.learning_rate < 5e-3


@pytest.mark.parametrize(
    "schedule",
    [
        keras.optimizers.schedules.ExponentialDecay(0.01, 200, 0.1),
        keras.optimizers.schedules.PiecewiseConstantDecay([10, 20], [0.01, 0.005, 0.001]),
        keras.optimizers.schedules.PolynomialDecay(0.01, 30),
        keras.optimizers.schedules.InverseTimeDecay(0.01, 10, 0.5),
        keras.optimizers.schedules.CosineDecay(0.01, 30, warmup_target=0.02, warmup_steps=5),
        keras.optimizers.schedules.CosineDecayRestarts(0.01, 10),
    ],
)
def test_schedules(schedule: Any) -> None:
    model = compiled(schedule)
    losses = model.fit(X_TRAIN, Y_TRAIN, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert float(model.optimizer.learning_rate) == pytest.approx(float(schedule(3 * STEPS)))


def test_logs_for_tensorboard_and_files(tmp_path: Path) -> None:
    model = compiled()
    model.fit(
        X_TRAIN,
        Y_TRAIN,
        epochs=2,
        validation_data=(X_VALID, Y_VALID),
        callbacks=[
            keras.callbacks.TensorBoard(tmp_path / "run_001"),
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        ],
        verbose=0,
    )
    assert list((tmp_path / "run_001").rglob("events.out.tfevents*"))
    assert (tmp_path / "log.csv").read_text().startswith("epoch,loss,val_loss")
