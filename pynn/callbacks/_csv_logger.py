"""`CSVLogger`: the figures of every epoch in a file."""

from __future__ import annotations

import csv
import os
from typing import IO, Any

import numpy as np

from pynn.callbacks._callback import Callback, Logs


def _cell(value: Any) -> Any:
    if np.ndim(value) == 0:
        return value
    return "[" + ", ".join(map(str, np.asarray(value).tolist())) + "]"


class CSVLogger(Callback):
    """Write the figures of each epoch as a line of a CSV file.

    Parameters
    ----------
    filename : path-like
    separator : str, default=","
    append : bool, default=False
        Whether to go on with a file that exists.

    Examples
    --------
    >>> from pynn import callbacks
    >>> logger = callbacks.CSVLogger("training.csv")
    """

    _prints = False

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._file: IO[str] | None = None
        self._keys: list[str] | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Open the file."""
        self._close()
        exists = os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        self._has_header = self.append and exists
        self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")
        self._keys = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a line, before the first one the names."""
        logs = logs or {}
        if self._file is None:
            return
        writer = csv.writer(self._file, delimiter=self.sep, lineterminator=os.linesep)
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(key.startswith("val_") for key in self._keys):
                # Validation may begin in a later epoch; its columns must exist by then.
                self._keys += [f"val_{key}" for key in self._keys]
            if not self._has_header:
                writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self._keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
