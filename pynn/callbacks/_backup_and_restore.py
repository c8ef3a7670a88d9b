"""`BackupAndRestore`: going on with a training that was broken off."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from pynn.callbacks._batch_count import BatchCount, check_save_freq
from pynn.callbacks._callback import Callback, Logs, needed_if


def _every_few_batches(callback: Any) -> bool:
    return bool(callback.save_freq != "epoch")


class BackupAndRestore(Callback):
    """Save the training's state as it goes on, and take it up again where it broke off.

    If `backup_dir` holds a state when `fit` begins, the model gets its weights, and
    ``model._initial_epoch`` tells the loop the epoch to go on with.

    Parameters
    ----------
    backup_dir : path-like
        A directory for this training alone.
    save_freq : "epoch" or int, default="epoch"
        After how many batches to save.
    delete_checkpoint : bool, default=True
        Whether the directory is removed once training is over.

    Raises
    ------
    ValueError
        If `backup_dir` is empty or `save_freq` is anything else.

    Examples
    --------
    >>> from pynn import callbacks
    >>> backup = callbacks.BackupAndRestore("backup")
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not os.fspath(backup_dir):
            raise ValueError("backup_dir must name a directory. Received: an empty string")
        self.backup_dir = Path(backup_dir)
        self.save_freq = check_save_freq(save_freq)
        self.delete_checkpoint = delete_checkpoint
        self._weights = self.backup_dir / "latest.pynn"
        self._progress = self.backup_dir / "progress.json"
        self._epoch = 0
        self._batches = BatchCount(self.save_freq)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Take up a state that is there.

        Raises
        ------
        ValueError
            If the model has no weights yet.
        """
        self._batches = BatchCount(self.save_freq)
        self._epoch = 0
        if not getattr(self.model, "built", True):
            raise ValueError("the model must be built: give its input shape, or call it on data")
        if self._weights.exists() and self._progress.exists():
            self.model.load_weights(str(self._weights))
            self._epoch = int(json.loads(self._progress.read_text(encoding="utf-8"))["epoch"])
            self.model._initial_epoch = self._epoch

    @needed_if(_every_few_batches)
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save, if enough batches are done."""
        if self._batches.is_due(batch):
            self._save()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, if epochs count."""
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save()

    def on_train_end(self, logs: Logs = None) -> None:
        """Remove the state, unless told not to."""
        if self.delete_checkpoint and self.backup_dir.exists():
            shutil.rmtree(self.backup_dir)

    def _save(self) -> None:
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        self.model.save_weights(str(self._weights))
        written = self._progress.with_suffix(".tmp")
        written.write_text(json.dumps({"epoch": self._epoch}), encoding="utf-8")
        os.replace(written, self._progress)
