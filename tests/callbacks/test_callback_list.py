"""`CallbackList`: who is notified of what, and in which order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callbacks.fakes import FakeModel
from pynn import callbacks, layers, models
from pynn.callbacks._callback import HOOKS


class Recorder(callbacks.Callback):
    """Notes every hook; made without ``super().__init__()``."""

    def __init__(self) -> None:
        self.seen: list[str] = []


for _hook in HOOKS:

    def _note(self, *args, _hook=_hook, **kwargs) -> None:
        self.seen.append(_hook)

    setattr(Recorder, _hook, _note)


class OnlyEpochs(callbacks.Callback):
    def __init__(self) -> None:
        self.epochs: list[int] = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)


class Older(callbacks.Callback):
    def __init__(self) -> None:
        self.batches: list[int] = []

    def on_batch_end(self, batch, logs=None):
        self.batches.append(batch)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_reaches_callbacks(hook: str) -> None:
    recorder = Recorder()
    notified = callbacks.CallbackList([recorder])
    arguments = [0] if "batch" in hook or "epoch" in hook else []
    getattr(notified, hook)(*arguments, {"loss": 1.0})
    assert recorder.seen == [hook.replace("on_batch", "on_train_batch")]


def test_model_and_params_are_set_without_super() -> None:
    first, second = OnlyEpochs(), OnlyEpochs()
    model = FakeModel()
    callbacks.CallbackList([first, [second]], model=model, verbose=1, epochs=3, steps=7)
    for callback in (first, second):
        assert callback.model is model
        assert callback.params == {"verbose": 1, "epochs": 3, "steps": 7}


def test_history_comes_last_and_sees_what_others_add() -> None:
    class Adding(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = 5

    model = FakeModel()
    notified = callbacks.CallbackList(Adding(), add_history=True, model=model)
    notified.on_train_begin()
    notified.on_epoch_end(0, {"loss": 1.0})
    assert notified.history.history == {"loss": [1.0], "extra": [5.0]}
    assert model.history is notified.history
    given = callbacks.History()
    assert callbacks.CallbackList([given], add_history=True).history is given


def test_progress() -> None:
    assert not callbacks.CallbackList([]).progress
    assert callbacks.CallbackList([], add_progbar=True).progress
    once = callbacks.CallbackList([callbacks.ProgbarLogger()], add_progbar=True)
    assert once.progress
    assert len(once.callbacks) == 1


@pytest.mark.parametrize(
    ("callback", "train", "test", "predict"),
    [
        (callbacks.Callback(), False, False, False),
        (OnlyEpochs(), False, False, False),
        (Older(), True, False, False),
        (Recorder(), True, True, True),
        (callbacks.History(), False, False, False),
        (callbacks.EarlyStopping(), False, False, False),
        (callbacks.ReduceLROnPlateau(), False, False, False),
        (callbacks.CSVLogger("x"), False, False, False),
        (callbacks.TerminateOnNaN(), False, False, False),
        (callbacks.ModelCheckpoint("x"), False, False, False),
        (callbacks.ModelCheckpoint("x", save_freq=10), True, False, False),
        (callbacks.BackupAndRestore("x"), False, False, False),
        (callbacks.BackupAndRestore("x", save_freq=10), True, False, False),
        (callbacks.TensorBoard("x"), False, False, False),
        (callbacks.TensorBoard("x", update_freq="batch"), True, False, False),
        (callbacks.LambdaCallback(on_epoch_end=print), False, False, False),
        (callbacks.LambdaCallback(on_train_batch_end=print), True, False, False),
        (callbacks.LambdaCallback(on_batch_begin=print), True, False, False),
        (callbacks.LambdaCallback(on_test_batch_end=print), False, True, False),
        (callbacks.LambdaCallback(on_predict_batch_begin=print), False, False, True),
    ],
)
def test_who_listens_to_batches(callback, train: bool, test: bool, predict: bool) -> None:
    notified = callbacks.CallbackList([callbacks.History(), callback])
    assert notified.needs_batches == notified.wants_train_batches == train
    assert notified.wants_test_batches == test
    assert notified.wants_predict_batches == predict


def test_a_subclass_that_listens_is_notified() -> None:
    class Own(callbacks.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    assert callbacks.CallbackList([Own("x")]).needs_batches


def test_a_checkpoint_of_epochs_may_be_told_of_batches(tmp_path: Path) -> None:
    class Own(callbacks.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    own, model = Own(tmp_path / "{epoch}.pynn"), FakeModel()
    own.set_model(model)
    for batch in range(3):
        own.on_train_batch_end(batch, {})
    assert model.saved == []
    own.on_epoch_end(0, {})
    assert model.saved == [str(tmp_path / "1.pynn")]


def test_a_list_within_a_list_is_one_list() -> None:
    first, second = Recorder(), Recorder()
    notified = callbacks.CallbackList([callbacks.CallbackList([first]), [second]])
    notified.on_train_begin()
    assert first.seen == second.seen == ["on_train_begin"]


def test_a_callback_need_not_have_every_hook() -> None:
    class Few:
        model = None
        epochs = 0

        def set_model(self, model: object) -> None:
            self.model = model

        def set_params(self, params: object) -> None:
            pass

        def on_epoch_end(self, epoch: int, logs: object) -> None:
            self.epochs += 1

    few = Few()
    model = models.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    model.fit(np.ones((6, 2)), np.ones(6), epochs=3, verbose=0, callbacks=[few])
    assert few.model is model and few.epochs == 3


def test_a_callback_added_later_counts() -> None:
    notified = callbacks.CallbackList([OnlyEpochs()])
    assert not notified.needs_batches
    notified.append(Older())
    assert notified.needs_batches


def test_other_things_are_refused() -> None:
    for wrong in (len, callbacks.EarlyStopping, "early"):
        with pytest.raises(ValueError, match="callbacks must be a Callback or a list of them"):
            callbacks.CallbackList([wrong])


def test_order_of_a_training() -> None:
    recorder, older = Recorder(), Older()
    model = models.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    x, y = np.ones((6, 2)), np.zeros((6, 1))
    model.fit(
        x,
        y,
        batch_size=3,
        epochs=1,
        verbose=0,
        validation_data=(x[:3], y[:3]),
        validation_batch_size=3,
        callbacks=[recorder, older],
    )
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    assert recorder.seen == [
        "on_train_begin",
        "on_epoch_begin",
        *batch,
        *batch,
        *test,
        "on_epoch_end",
        "on_train_end",
    ]
    assert older.batches == [0, 1]
    assert older.params == {"verbose": 0, "epochs": 1, "steps": 2}
