"""`ModelCheckpoint` and `BackupAndRestore`: what is saved, where and when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callbacks.fakes import FakeModel, train
from pynn import callbacks
from pynn._fit_state import FitState

LOGS = [{"loss": 1.0, "val_loss": v} for v in (3.0, 1.0, 2.0, 0.5)]


def test_every_epoch_is_saved_under_its_name(tmp_path: Path) -> None:
    model = FakeModel()
    pattern = tmp_path / "deep" / "model-{epoch:02d}-{val_loss:.1f}.pynn"
    train(callbacks.ModelCheckpoint(pattern), model, LOGS)
    names = [Path(path).name for path in model.saved]
    assert names == ["model-01-3.0.pynn", "model-02-1.0.pynn", "model-03-2.0.pynn"] + [
        "model-04-0.5.pynn"
    ]


def test_only_the_best_is_saved(tmp_path: Path) -> None:
    model = FakeModel()
    path = tmp_path / "best.pynn"
    checkpoint = callbacks.ModelCheckpoint(path, save_best_only=True)
    train(checkpoint, model, LOGS[:3])
    assert len(model.saved) == 2
    assert path.read_text() == "2"
    # What was the best stays so in the next training.
    train(checkpoint, model, [{"val_loss": 1.5}, {"val_loss": 0.9}])
    assert len(model.saved) == 3
    assert checkpoint.best == 0.9


def test_a_threshold_can_be_given(tmp_path: Path) -> None:
    model = FakeModel()
    checkpoint = callbacks.ModelCheckpoint(
        tmp_path / "x", save_best_only=True, initial_value_threshold=0.7
    )
    train(checkpoint, model, LOGS)
    assert len(model.saved) == 1


def test_weights_alone(tmp_path: Path) -> None:
    model = FakeModel()
    model.save_weights = lambda path: model.saved.append(f"weights:{path}")  # type: ignore
    train(callbacks.ModelCheckpoint("w", save_weights_only=True), model, LOGS[:1])
    assert model.saved == ["weights:w"]


@pytest.mark.parametrize("save_freq", [4, np.int64(4)])
def test_every_few_batches(tmp_path: Path, save_freq: int) -> None:
    model = FakeModel()
    checkpoint = callbacks.ModelCheckpoint(str(tmp_path / "{epoch}-{batch}"), save_freq=save_freq)
    checkpoint.set_model(model)
    checkpoint.on_train_begin()
    for epoch in range(3):
        checkpoint.on_epoch_begin(epoch)
        for batch in range(3):
            checkpoint.on_train_batch_end(batch, {"loss": 1.0})
        checkpoint.on_epoch_end(epoch, {"loss": 1.0})
    assert [Path(path).name for path in model.saved] == ["2-1", "3-2"]


def test_a_missing_figure_is_warned_of(tmp_path: Path) -> None:
    model = FakeModel()
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "x", save_best_only=True)
    with pytest.warns(UserWarning, match="watches 'val_loss', which is not there"):
        train(checkpoint, model, [{"loss": 1.0}])
    assert len(model.saved) == 1
    with pytest.raises(KeyError, match="'mae', which is not in the logs. Known: epoch, loss"):
        train(callbacks.ModelCheckpoint("{mae}"), model, [{"loss": 1.0}])


@pytest.mark.parametrize("save_freq", ["batch", 0, -1, 2.5, True])
def test_other_frequencies_are_refused(save_freq: object) -> None:
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a positive integer"):
        callbacks.ModelCheckpoint("x", save_freq=save_freq)
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a positive integer"):
        callbacks.BackupAndRestore("x", save_freq=save_freq)


def test_verbose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "x")
    train(callbacks.ModelCheckpoint(path, save_best_only=True, verbose=1), FakeModel(), LOGS[1:3])
    assert capsys.readouterr().out == (
        f"Epoch 1: val_loss improved from nothing to 1.00000, saving the model to {path}\n"
        "Epoch 2: val_loss did not improve from 1.00000\n"
    )


def test_a_broken_off_training_is_taken_up(tmp_path: Path) -> None:
    backup_dir = tmp_path / "backup"
    broken = FakeModel()
    backup = callbacks.BackupAndRestore(backup_dir)
    backup.set_model(broken)
    backup.on_train_begin()
    for epoch in range(2):
        broken.trained = epoch + 1
        backup.on_epoch_end(epoch)
    # The process ends here; another one begins.
    model = FakeModel()
    again = callbacks.BackupAndRestore(str(backup_dir))
    again.set_model(model)
    state = FitState()
    again.set_fit_state(state)
    again.on_train_begin()
    assert (model.trained, state.first_epoch) == (2, 2)
    again.on_train_end()
    assert not backup_dir.exists()


def test_a_backup_can_be_kept_and_is_made_every_few_batches(tmp_path: Path) -> None:
    model = FakeModel()
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=2, delete_checkpoint=False)
    backup.set_model(model)
    backup.on_train_begin()
    for batch in range(5):
        backup.on_train_batch_end(batch)
    backup.on_epoch_end(0)
    backup.on_train_end()
    assert len(model.saved) == 2
    assert tmp_path.exists()
    for nowhere in ("", None):
        with pytest.raises(ValueError, match="backup_dir must name a directory"):
            callbacks.BackupAndRestore(nowhere)


def test_an_unbuilt_model_is_refused(tmp_path: Path) -> None:
    model = FakeModel()
    model.built = False
    backup = callbacks.BackupAndRestore(tmp_path)
    backup.set_model(model)
    with pytest.raises(ValueError, match="the model must be built"):
        backup.on_train_begin()
