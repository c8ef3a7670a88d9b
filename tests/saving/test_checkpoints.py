"""`ModelCheckpoint` and `BackupAndRestore` with real models."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import callbacks, layers, optimizers
from pynn._files import FileError
from pynn.callbacks import _checkpoints
from pynn.models import Model, Sequential, load_model

X = np.random.default_rng(0).standard_normal((90, 4)).astype("float32")
Y = X[:, :1] * X[:, 1:2]


def make(optimizer: Any = "adam") -> Model:
    model = Sequential(
        [
            pynn.Input((4,)),
            layers.Dense(8, activation="relu", kernel_initializer="ones"),
            layers.Dropout(0.2),
            layers.BatchNormalization(),
            layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    model.compile(loss="mse", optimizer=optimizer)
    return model


def assert_same(a: Model, b: Model) -> None:
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Interrupted(Exception):
    """Stands for a process that ends."""


def breaks_off_in(epoch: int) -> callbacks.Callback:
    def stop(index: int, logs: Any = None) -> None:
        if index == epoch:
            raise Interrupted

    return callbacks.LambdaCallback(on_epoch_begin=stop)


@pytest.mark.parametrize(
    "optimizer",
    [
        "adam",
        optimizers.SGD(optimizers.schedules.ExponentialDecay(0.01, 4, 0.5), momentum=0.9),
        optimizers.RMSprop(0.01, use_ema=True),
    ],
    ids=lambda o: str(o)[:7],
)
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_training_taken_up_is_that_training(
    tmp_path: Path, optimizer: Any, shuffle: bool
) -> None:
    def train(*listeners: Any) -> Model:
        pynn.random.set_seed(7)
        config = optimizers.serialize(optimizers.get(optimizer))
        model = make(optimizers.deserialize(config))
        rate = callbacks.LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1))
        own = [rate] if optimizer == "adam" else []
        model.fit(X, Y, epochs=5, shuffle=shuffle, verbose=0, callbacks=[*listeners, *own])
        return model

    whole = train()
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(Interrupted):
        train(backup, breaks_off_in(3))
    assert (tmp_path / "backup" / "progress.json").exists()
    epochs: list[int] = []
    listener = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    again = train(callbacks.BackupAndRestore(tmp_path / "backup"), listener)
    assert epochs == [3, 4]
    assert_same(whole, again)
    assert again.optimizer.iterations == whole.optimizer.iterations
    assert not (tmp_path / "backup").exists()


def test_without_a_seed_the_order_of_rows_is_kept_too(tmp_path: Path) -> None:
    model = make()
    kept = callbacks.BackupAndRestore(tmp_path / "b", delete_checkpoint=False)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[kept])
    resumed = []
    for name in ("copy", "b"):
        if name == "copy":
            shutil.copytree(tmp_path / "b", tmp_path / "copy")
        other = make()
        other.fit(
            X, Y, epochs=4, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path / name)]
        )
        resumed.append(other)
    assert_same(*resumed)


def test_a_backup_of_another_model_is_refused(tmp_path: Path) -> None:
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    make().fit(X, Y, verbose=0, callbacks=[backup])
    with pytest.raises(ValueError, match="used the optimizer Adam"):
        make("sgd").fit(X, Y, verbose=0, callbacks=[backup])


def test_a_crash_while_saving_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make()
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)

    def crash(epoch: int, logs: Any = None) -> None:
        if epoch == 1:  # between the two files of the state after the next epoch
            monkeypatch.setattr(_checkpoints, "write_atomically", fail)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise Interrupted

    listeners = [backup, callbacks.LambdaCallback(on_epoch_end=crash)]
    with pytest.raises(Interrupted):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=listeners)
    monkeypatch.undo()
    other = make()
    epochs: list[int] = []
    listener = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    other.fit(X, Y, epochs=5, verbose=0, callbacks=[backup, listener])
    assert epochs == [2, 3, 4]
    assert other.optimizer.iterations == 15


def test_a_crash_while_the_state_is_removed_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(folder: Path) -> None:
        for path in folder.glob("*.pynn"):
            path.unlink()
        raise Interrupted

    monkeypatch.setattr(shutil, "rmtree", crash)
    with pytest.raises(Interrupted):
        make().fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])
    monkeypatch.undo()
    history = make().fit(
        X, Y, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)]
    )
    assert history.epoch == [0, 1]


def note(**changes: Any) -> str:
    position = {
        "batch_size": 9,
        "pass_seed": "7",
        "pass_steps": 2,
        "epoch_steps": 2,
        "totals": None,
        "metrics": None,
    }
    return json.dumps({"epoch": 1, "state": "state-0.pynn", "position": position} | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "\xff",
        "[" * 100_000,
        note(epoch=-1),
        note(epoch=1e400),
        note(epoch="1"),
        note(epoch=2**70),
        note(state=["state-0.pynn"]),
        note(state="../state"),
        note(position=3),
        note(position={}),
        note(position={"batch_size": 0, "pass_steps": 0, "epoch_steps": 0, "totals": 0}),
        note(more=1),
        note(shuffle_seed="-1"),
        note(shuffle_seed="seven"),
        note()[:-1] + " " * 2_000_000 + "}",
    ],
    ids=range(18),
)
def test_a_damaged_note_of_progress_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "progress.json").write_text(text, encoding="latin1")
    with pytest.raises(FileError, match=r"progress.json is damaged: remove .* to begin anew"):
        make().fit(X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])


def test_the_note_of_progress_lasts_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def noted(*args: Any, name: str = name, real: Any = real) -> None:
            done.append(name if name == "fsync" else Path(args[1]).name)
            real(*args)

        monkeypatch.setattr(os, name, noted)
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    make().fit(X, Y, verbose=0, callbacks=[backup])
    # File, name, directory; for the state, and for the note of it.
    assert done == ["fsync", "state-1.pynn", "fsync", "fsync", "progress.json", "fsync"]


def test_checkpoints_of_the_best_model(tmp_path: Path) -> None:
    path = tmp_path / "best.pynn"
    model = make()
    best = callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)
    history = model.fit(X, Y, epochs=6, validation_split=0.2, verbose=0, callbacks=[best]).history[
        "val_loss"
    ]
    found = load_model(path).evaluate(X[72:], Y[72:], verbose=0)
    assert found == pytest.approx(min(history), rel=1e-6)  # sums of batches in another order


def test_checkpoints_of_weights_and_of_every_epoch(tmp_path: Path) -> None:
    model = make()
    each = callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}-{loss:.2f}.pynn")
    last = callbacks.ModelCheckpoint(tmp_path / "last.weights.pynn", save_weights_only=True)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[each, last])
    names = sorted(p.name for p in tmp_path.iterdir())
    assert [name[:3] for name in names] == ["01-", "02-", "03-", "las"]
    other = make()
    other.load_weights(tmp_path / "last.weights.pynn")
    assert_same(model, other)
    assert_same(model, load_model(tmp_path / names[2]))


def breaks_off_after(epoch: int, batch: int) -> callbacks.Callback:
    class Stop(callbacks.Callback):
        def on_epoch_begin(self, index: int, logs: Any = None) -> None:
            self.epoch = index

        def on_train_batch_end(self, index: int, logs: Any = None) -> None:
            if self.epoch == epoch and index == batch:
                raise Interrupted

    return Stop()


class Rows(pynn.utils.PyDataset):
    """Ten batches of nine rows."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, i: int) -> Any:
        return X[9 * i : 9 * i + 9], Y[9 * i : 9 * i + 9]


def endless() -> Any:
    i = 0
    while True:
        yield Rows()[i % 10]
        i += 1


class OwnStep(Model):
    """Trains by its own step, with a metric of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1, kernel_initializer="ones")
        self.seen = pynn.metrics.Mean(name="seen")

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def train_step(self, data: Any) -> Any:
        logs = super().train_step(data)
        self.seen.update_state(data[0])
        return {**logs, "seen": self.seen.result()}


@pytest.mark.parametrize("batch", [0, 3, 4, 9])
@pytest.mark.parametrize(
    ("data", "given"),
    [
        (lambda: {"x": X, "y": Y, "batch_size": 9}, {}),
        (lambda: {"x": X, "y": Y, "batch_size": 9, "shuffle": False}, {}),
        (lambda: {"x": X, "y": Y, "batch_size": 3}, {"steps_per_epoch": 10}),
        (lambda: {"x": X, "y": Y, "batch_size": 9}, {"steps_per_epoch": 10}),
        (lambda: {"x": Rows()}, {}),
        (lambda: {"x": Rows()}, {"steps_per_epoch": 10}),
        (lambda: {"x": endless()}, {"steps_per_epoch": 10}),
    ],
    ids=[
        "arrays",
        "in order",
        "steps per epoch",
        "steps of all rows",
        "dataset",
        "steps of a dataset",
        "generator",
    ],
)
@pytest.mark.parametrize("kind", ["native", "metrics in Python", "own step"])
def test_a_training_taken_up_within_an_epoch_is_that_training(
    tmp_path: Path, batch: int, data: Any, given: dict[str, Any], kind: str
) -> None:
    def train(*listeners: Any) -> tuple[Model, dict[str, list[float]]]:
        pynn.random.set_seed(7)
        if kind == "own step":
            model = OwnStep()
            model.build((None, 4))
            model.compile(loss="mse", optimizer="adam", metrics=["mae"])
        else:
            model = make()
            own = pynn.metrics.R2Score() if kind == "metrics in Python" else "mse"
            model.compile(loss="mse", optimizer="adam", metrics=["mae", own])
        history = model.fit(epochs=3, verbose=0, callbacks=[*listeners], **data(), **given)
        return model, history.history

    whole, figures = train()
    folder = tmp_path / "backup"
    backup = callbacks.BackupAndRestore(folder, save_freq=5)
    with pytest.raises(Interrupted):
        train(backup, breaks_off_after(1, batch))
    batches: list[int] = []
    listener = callbacks.LambdaCallback(on_train_batch_end=lambda i, logs: batches.append(i))
    again, resumed = train(callbacks.BackupAndRestore(folder, save_freq=5), listener)
    # States are of after 5, 10 and 15 batches; the one of the epoch's last batch waits for its end.
    assert len(batches) == 30 - (10 if batch < 4 else 15)
    assert_same(whole, again)
    for name, values in figures.items():
        assert resumed[name] == values[-len(resumed[name]) :]
    assert again.optimizer.iterations == whole.optimizer.iterations


def test_a_metric_of_ones_own_goes_on_within_an_epoch(tmp_path: Path) -> None:
    def train(*listeners: Any) -> Any:
        pynn.random.set_seed(7)
        model = OwnStep()
        model.build((None, 4))
        model.compile(loss="mse", optimizer="adam")  # no metrics of its own
        return model.fit(X, Y, 9, epochs=1, verbose=0, callbacks=[*listeners]).history

    wanted = train()
    with pytest.raises(Interrupted):
        train(callbacks.BackupAndRestore(tmp_path, save_freq=5), breaks_off_after(0, 6))
    assert train(callbacks.BackupAndRestore(tmp_path, save_freq=5)) == wanted


def test_batches_of_another_size_are_refused(tmp_path: Path) -> None:
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=2)
    with pytest.raises(Interrupted):
        make().fit(X, Y, batch_size=9, verbose=0, callbacks=[backup, breaks_off_after(0, 3)])
    with pytest.raises(ValueError, match="had batch_size=9. Received: batch_size=10"):
        make().fit(X, Y, batch_size=10, verbose=0, callbacks=[backup])
