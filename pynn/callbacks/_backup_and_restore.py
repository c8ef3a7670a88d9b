"""`BackupAndRestore`: going on with a training that was broken off."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from pynn.callbacks._batch_count import BatchCount, check_save_freq
from pynn.callbacks._callback import Callback, Logs, needed_if

_STATES = ("state-0.pynn", "state-1.pynn")  # written in turn
_POSITION = {"batch_size", "pass_seed", "pass_steps", "epoch_steps", "totals", "metrics"}


def _every_few_batches(callback: Any) -> bool:
    return bool(callback.save_freq != "epoch")


class BackupAndRestore(Callback):
    """Save the training's state as it goes on, and take it up again where it broke off.

    If `backup_dir` holds a state when `fit` begins, the model gets its weights, the optimizer its
    arrays and its count of steps, and `fit` goes on with the batch that was next, in the order of
    rows that it would have had. What comes out is what an unbroken training gives, bit for bit, the
    figures of the epoch included. The data have to be the same; a generator is to begin anew, and
    the batches that were used are dropped.

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
        self._progress = self.backup_dir / "progress.json"
        self._epoch = 0
        self._state = _STATES[0]
        self._waits = False  # whether to save at the end of the epoch
        self._batches = BatchCount(self.save_freq)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Take up a state that is there.

        Raises
        ------
        ValueError
            If the model has no weights yet, or the state is damaged or of another model.
        """
        self._batches = BatchCount(self.save_freq)
        self._epoch = 0
        self._waits = False
        if not getattr(self.model, "built", True):
            raise ValueError("the model must be built: give its input shape, or call it on data")
        if self._progress.exists():
            progress = self._read_progress()
            self._state, self._epoch = progress["state"], progress["epoch"]
            path = str(self.backup_dir / self._state)
            self.model._shuffle_seed = self.model._resume_training(path)
            self.model._initial_epoch = self._epoch
            self.model._resumed = progress["position"]

    def _read_progress(self) -> dict[str, Any]:
        try:
            progress = json.loads(self._progress.read_text(encoding="utf-8"))
            position = progress["position"]
            if progress["state"] in _STATES and progress["epoch"] >= 0:
                if position is None or _POSITION <= set(position):
                    return {**progress, "epoch": int(progress["epoch"])}
        except (ValueError, TypeError, KeyError):
            pass
        raise ValueError(f"{self._progress} is damaged: remove {self.backup_dir} to begin anew")

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the epoch's number."""
        self._epoch = epoch

    @needed_if(_every_few_batches)
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save, if enough batches are done."""
        if not self._batches.is_due(batch):
            return
        if batch + 1 == (self.params or {}).get("steps"):
            self._waits = True  # there is nothing left of this epoch to go on with
        else:
            self._save()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, if epochs count."""
        self._epoch = epoch + 1
        if self.save_freq == "epoch" or self._waits:
            self._save()
        self._waits = False

    def on_train_end(self, logs: Logs = None) -> None:
        """Remove the state, unless told not to."""
        if self.delete_checkpoint and self.backup_dir.exists():
            shutil.rmtree(self.backup_dir)

    def _save(self) -> None:
        # The old state stays until the new one is whole and named, so a crash loses neither.
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        self._state = _STATES[1 - _STATES.index(self._state)]
        self.model.save_weights(str(self.backup_dir / self._state))
        written = self._progress.with_suffix(".tmp")
        position = self.model._position()
        progress = {"epoch": self._epoch, "state": self._state, "position": position}
        written.write_text(json.dumps(progress), encoding="utf-8")
        os.replace(written, self._progress)
