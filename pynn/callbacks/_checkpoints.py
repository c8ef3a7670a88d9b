"""`ModelCheckpoint` and `BackupAndRestore`: saving a model while it is trained, and going on."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from pynn._files import FileError, check_ending, opened, write_atomically
from pynn._fit_state import FitState
from pynn._json import parse
from pynn._number_checks import is_integer
from pynn._user_warning import warn_user
from pynn.callbacks._callback import Callback, Logs, needed_if
from pynn.callbacks._monitor_callback import MonitorCallback


def check_save_freq(save_freq: Any) -> str | int:
    """Return `save_freq`.

    Raises
    ------
    ValueError
        If it is neither ``"epoch"`` nor a positive integer.
    """
    if save_freq == "epoch":
        return "epoch"
    if not is_integer(save_freq) or save_freq < 1:
        raise ValueError(
            f"save_freq must be 'epoch' or a positive integer. Received: save_freq={save_freq!r}"
        )
    return int(save_freq)


def _every_few_batches(callback: Any) -> bool:
    return bool(callback.save_freq != "epoch")


class BatchCount:
    """How many batches were seen since something was last done.

    Parameters
    ----------
    every : "epoch" or int
        After how many batches it is due; with ``"epoch"`` it never is.
    """

    def __init__(self, every: str | int) -> None:
        self._every = every
        self._seen = 0
        self._last: int | None = None

    def is_due(self, batch: int) -> bool:
        """Count up to batch number `batch` of its epoch, and say whether it is time."""
        if not isinstance(self._every, int):
            return False
        new_epoch = self._last is None or batch <= self._last
        self._seen += batch + 1 if new_epoch else batch - (self._last or 0)
        self._last = batch
        if self._seen < self._every:
            return False
        self._seen = 0
        return True


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, after epochs or after some batches.

    Parameters
    ----------
    filepath : path-like
        Where to; ``{epoch}`` (counted from 1), ``{batch}`` and names in the logs are filled in:
        ``"model-{epoch:02d}-{val_loss:.2f}.pynn"``.
    monitor : str, default="val_loss"
        Name of the figure by which models are compared.
    verbose : {0, 1}, default=0
        Whether to print what is done.
    save_best_only : bool, default=False
        Whether only a model better than all before is saved. What was the best stays so from one
        training to the next.
    save_weights_only : bool, default=False
        Whether ``model.save_weights`` is called in place of ``model.save``.
    mode : {"auto", "min", "max"}, default="auto"
        Which way is better; "auto" finds out.
    save_freq : "epoch" or int, default="epoch"
        After how many batches to save.
    initial_value_threshold : float, default=None
        What a model has to be better than at first.

    Raises
    ------
    ValueError
        If `save_freq` or `mode` is anything else, or `filepath` has an ending that `save` refuses.

    Examples
    --------
    >>> from pynn import callbacks
    >>> checkpoint = callbacks.ModelCheckpoint("best.pynn", save_best_only=True)
    """

    _prints = False

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, baseline=initial_value_threshold)
        self.filepath = os.fspath(filepath)
        check_ending(self.filepath, "weights" if save_weights_only else "model")
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = check_save_freq(save_freq)
        self._epoch = 0
        self._batches = BatchCount(self.save_freq)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start to count batches."""
        self._batches = BatchCount(self.save_freq)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the epoch's number."""
        self._epoch = epoch

    @needed_if(_every_few_batches)
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save, if enough batches are done."""
        if self._batches.is_due(batch):
            self._save(self._epoch, batch, dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, if epochs count."""
        if self.save_freq == "epoch":
            self._save(epoch, None, dict(logs or {}))

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose:
            print(f"Epoch {epoch + 1}: {text}")

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        path = self._path(epoch, batch, logs)
        if not self._is_wanted(epoch, path, logs):
            return
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _is_wanted(self, epoch: int, path: str, logs: dict[str, Any]) -> bool:
        if not self.save_best_only:
            self._say(epoch, f"saving the model to {path}")
            return True
        current = logs.get(self.monitor)
        if current is None or np.ndim(current) > 0:
            warn_user(f"{self._missing(logs)}. The model is saved all the same")
            return True
        best = "nothing" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {best}")
            return False
        self.best = float(current)
        change = f"from {best} to {self.best:.5f}"
        self._say(epoch, f"{self.monitor} improved {change}, saving the model to {path}")
        return True

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        fields = {"epoch": epoch + 1, **logs}
        if batch is not None:
            fields.setdefault("batch", batch + 1)
        try:
            return self.filepath.format(**fields)
        except KeyError as error:
            raise KeyError(
                f"filepath {self.filepath!r} names {error}, which is not in the logs. Known: "
                f"{', '.join(fields)}"
            ) from error


_STATES = ("state-0.pynn", "state-1.pynn")  # written in turn
_COUNTS = ("batch_size", "pass_steps", "epoch_steps")  # what a position within an epoch counts
_LONGEST_NOTE = 1_000_000  # bytes


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
        if backup_dir is None or not os.fspath(backup_dir):
            raise ValueError(f"backup_dir must name a directory. Received: {backup_dir!r}")
        from pathlib import Path  # here, as it takes longer to import than all callbacks

        self.backup_dir = Path(backup_dir)
        self.save_freq = check_save_freq(save_freq)
        self.delete_checkpoint = delete_checkpoint
        self._progress = self.backup_dir / "progress.json"
        self._epoch = 0
        self._state = _STATES[0]
        self._waits = False  # whether to save at the end of the epoch
        self._batches = BatchCount(self.save_freq)
        self._fit_state = FitState()

    def set_fit_state(self, state: FitState) -> None:
        """Store where the running `fit` stands, which a state that is there changes."""
        self._fit_state = state

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
            seed = self.model._resume_training(str(self.backup_dir / self._state))
            seed = progress.get("shuffle_seed", seed)
            fit = self._fit_state
            fit.shuffle_seed = None if seed is None else int(seed)
            fit.first_epoch = self._epoch
            fit.resumed = progress["position"]

    def _read_progress(self) -> dict[str, Any]:
        name = str(self._progress)
        try:
            with opened(self._progress) as (stream, _, size):
                progress = parse(stream.read(min(size, _LONGEST_NOTE)), name, "the note")
            if _is_note(progress):
                return dict(progress)
        except FileError:
            pass
        raise FileError(name, f"is damaged: remove {self.backup_dir} to begin anew")

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
        """Remove the state, if that was asked for."""
        if self.delete_checkpoint and self.backup_dir.exists():
            self._progress.unlink(missing_ok=True)  # first: it names one of the others
            import shutil

            shutil.rmtree(self.backup_dir)

    def _save(self) -> None:
        # The old state stays until the new one is whole and named, so a crash loses neither.
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        self._state = _STATES[1 - _STATES.index(self._state)]
        self.model.save_weights(str(self.backup_dir / self._state))
        fit = self._fit_state
        progress = {
            "epoch": self._epoch,
            "state": self._state,
            "position": fit.position(),
            "shuffle_seed": None if fit.shuffle_seed is None else str(fit.shuffle_seed),
        }
        text = json.dumps(progress).encode()
        write_atomically(self._progress, lambda file: file.write(text))


def _is_note(progress: Any) -> bool:
    """Whether that is how far a training was, as `BackupAndRestore` writes it."""
    # Older versions kept the shuffle's seed beside the weights.
    keys = {"epoch", "state", "position"}
    if not isinstance(progress, dict) or set(progress) - {"shuffle_seed"} != keys:
        return False
    position = progress["position"]
    if progress["state"] not in _STATES or not _is_count(progress["epoch"]):
        return False
    if not _is_seed(progress.get("shuffle_seed")):
        return False
    if position is None:
        return True
    return (
        isinstance(position, dict)
        and set(position) >= {*_COUNTS, "pass_seed", "totals", "metrics"}
        and all(_is_count(position[name]) for name in _COUNTS)
        and _is_seed(position["pass_seed"])
        and isinstance(position["totals"], dict | None)
    )


def _is_seed(value: Any) -> bool:
    return value is None or str(value).isdecimal()


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63
