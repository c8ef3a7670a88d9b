"""`History`, `CSVLogger` and `ProgbarLogger`: what becomes of the figures of each epoch."""

from __future__ import annotations

import csv
import os
from typing import IO, Any

import numpy as np

from pynn.callbacks._callback import Callback, Logs


def plain(value: Any) -> Any:
    """Return a plain float for anything that is one number, and `value` otherwise."""
    if isinstance(value, (int, float, np.number)) or getattr(value, "shape", None) == ():
        return float(value)
    return value


class History(Callback):
    """A record of losses and metrics, one entry per epoch.

    Attributes
    ----------
    history : dict of str to list of float
        ``{"loss": [...], "val_loss": [...], ...}``.
    epoch : list of int
        Numbers of the epochs, counted from 0.

    Examples
    --------
    >>> from pynn import callbacks
    >>> history = callbacks.History()
    >>> history.on_train_begin()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.epoch, history.history
    ([0], {'loss': [0.5]})
    """

    _prints = False

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start a new record."""
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the figures of an epoch."""
        for name, value in (logs or {}).items():
            values = self.history.setdefault(name, [])
            del values[len(self.epoch) :]  # of an epoch whose record was interrupted
            values.append(plain(value))
        self.epoch.append(epoch)

    def plot(self, path: Any = None, *, title: str | None = None) -> Any:
        """Draw the record, training beside validation.

        Parameters
        ----------
        path : path-like, default=None
            Where to save the figure.
        title : str, default=None

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If nothing was recorded.

        See Also
        --------
        pynn.plotting.plot_learning_curves
        """
        from pynn.plotting import plot_learning_curves  # here, as most programs draw nothing

        return plot_learning_curves(self.history, path, title=title)

    def _repr_html_(self) -> str:
        from pynn.plotting import history_html

        return history_html(self.history, self.epoch)


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


class ProgbarLogger(Callback):
    """A sign that progress is to be shown.

    The bar itself belongs to the training loop, which shows it unless ``verbose`` is 0; this class
    is here for code that passes it along.

    Examples
    --------
    >>> from pynn import callbacks
    >>> callbacks.CallbackList([callbacks.ProgbarLogger()]).progress
    True
    """

    _prints = False
