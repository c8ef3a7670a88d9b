"""`History`: the figures of every epoch, which `fit` returns."""

from __future__ import annotations

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
