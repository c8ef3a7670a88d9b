"""`EarlyStopping` and `TerminateOnNaN`: callbacks that end a training."""

from __future__ import annotations

import math
from typing import Any

from pynn._number_checks import is_number
from pynn._user_warning import warn_user
from pynn.callbacks._callback import Callback, Logs, now_and_then
from pynn.callbacks._monitor_callback import MonitorCallback, checked_epochs


class EarlyStopping(MonitorCallback):
    """Stop when a figure has not got better for some epochs.

    Parameters
    ----------
    monitor : str, default="val_loss"
        Name of the figure.
    min_delta : float, default=0
        What is less does not count as better.
    patience : int, default=0
        How many epochs without getting better are allowed.
    verbose : {0, 1}, default=0
        Whether to print what is done.
    mode : {"auto", "min", "max"}, default="auto"
        Which way is better; "auto" finds out.
    baseline : float, default=None
        If given, only epochs better than this count as better.
    restore_best_weights : bool, default=False
        Whether the model gets the weights of its best epoch back at the end.
    start_from_epoch : int, default=0
        Epochs before this one are not looked at.
    last_of_ties : bool, default=False
        Whether an epoch that is as good as the best one so far takes its place.

    Attributes
    ----------
    stopped_epoch : int
        Number of the epoch after which it stopped, 0 if it did not.
    best : float
    best_epoch : int

    Raises
    ------
    ValueError
        If `mode` is anything else, or an argument is of a wrong type.

    Examples
    --------
    >>> from pynn import callbacks
    >>> stopping = callbacks.EarlyStopping(patience=10, restore_best_weights=True)
    """

    last_of_ties = False  # as in pickles from before there was the argument
    _prints = False

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
        last_of_ties: bool = False,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if baseline is not None and not is_number(baseline):
            raise ValueError(f"baseline must be a number or None. Received: baseline={baseline!r}")
        self.patience = checked_epochs("patience", patience)
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = checked_epochs("start_from_epoch", start_from_epoch)
        self.last_of_ties = bool(last_of_ties)
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget earlier trainings."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the figure, and stop if it is time."""
        current = (logs or {}).get(self.monitor)
        if current is None:
            warn_user(self._missing(logs))
            return
        if epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        ties = self.last_of_ties and self.best is not None and float(current) == self.best
        if ties or self._is_improvement(current, self.best):
            self.best = float(current)
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Give the best weights back, if asked to."""
        if self.stopped_epoch > 0 and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Stop when the loss is NaN or infinite.

    The mean loss over the epoch so far is looked at about twenty times a second and after the
    epoch's last batch, so that the engine need not stop after each batch: once one batch's loss is
    no number, the mean stays none.

    Parameters
    ----------
    raise_error : bool, default=False
        Whether to raise `RuntimeError` in place of stopping.

    Examples
    --------
    >>> from pynn import callbacks
    >>> guard = callbacks.TerminateOnNaN()
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    @now_and_then
    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Look at the loss.

        Raises
        ------
        RuntimeError
            If the loss is no finite number and an error was asked for.
        """
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"the loss became {float(loss)} at batch {batch}")
        print(f"Batch {batch}: invalid loss, terminating training")
        self.model.stop_training = True
