"""`History`, `CSVLogger` and `ProgbarLogger`: what becomes of the figures of each epoch."""

from __future__ import annotations

import os
from typing import Any

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


def _ends_a_line(path: str) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


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
        self._keys: list[str] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        """Empty the file, or end a line of it that an earlier training could not."""
        self._keys = []
        with open(self.filename, "ab" if self.append else "wb") as file:
            self._has_header = os.path.getsize(self.filename) > 0
            if self._has_header and not _ends_a_line(self.filename):
                file.write(os.linesep.encode())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a line, before the first one the names."""
        logs = logs or {}
        lines: list[list[Any]] = []
        if not self._keys:
            self._keys = sorted(logs)
            if not any(key.startswith("val_") for key in self._keys):
                # Validation may begin in a later epoch; its columns must exist by then.
                self._keys += [f"val_{key}" for key in self._keys]
            if not self._has_header:
                lines.append(["epoch", *self._keys])
        lines.append([epoch, *(_cell(logs.get(key, "NA")) for key in self._keys)])
        import csv  # here, as most programs write none

        # Opened for each epoch: nothing stays open where a training breaks off.
        with open(self.filename, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.sep, lineterminator=os.linesep).writerows(lines)


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
