"""`ModelCheckpoint`: saving the model while it is trained."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from pynn.callbacks._batch_count import BatchCount, check_save_freq
from pynn.callbacks._callback import Logs, needed_if
from pynn.callbacks._monitor_callback import MonitorCallback


def _every_few_batches(callback: Any) -> bool:
    return bool(callback.save_freq != "epoch")


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, after epochs or after some batches.

    Parameters
    ----------
    filepath : path-like
        Where to; ``{epoch}`` (counted from 1), ``{batch}`` and names in the logs are filled in:
        ``"model-{epoch:02d}-{val_loss:.2f}.pynn"``.
    monitor : str, default="val_loss"
        Name of the figure that tells which model is the best.
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
        If `save_freq` or `mode` is anything else.

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
            warnings.warn(
                f"{self._missing(logs)}. The model is saved all the same", UserWarning, stacklevel=4
            )
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
