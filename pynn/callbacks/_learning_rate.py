"""`LearningRateScheduler` and `ReduceLROnPlateau`: callbacks that set the learning rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pynn._number_checks import is_number
from pynn._user_warning import warn_user
from pynn.callbacks._callback import Callback, Logs
from pynn.callbacks._monitor_callback import MonitorCallback, checked_epochs


def _takes_rate(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.1)
    except (TypeError, ValueError):
        return False
    return True


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch; the logs record it.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)``, or of the epoch alone, returns the new rate. Epochs are
        counted from 0.
    verbose : {0, 1}, default=0
        Whether to print the rate.

    Raises
    ------
    ValueError
        If `schedule` cannot be called.

    Examples
    --------
    >>> from pynn import callbacks
    >>> halving = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise ValueError(
                "schedule must be a function of the epoch, and of the learning rate if it takes "
                f"two arguments. Received: schedule={schedule!r}"
            )
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Set the rate.

        Raises
        ------
        ValueError
            If the schedule returns no finite number.
        """
        optimizer = self.model.optimizer
        if _takes_rate(self.schedule):
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        else:
            rate = self.schedule(epoch)
        if hasattr(rate, "numpy"):
            rate = rate.numpy()
        if not is_number(rate):
            raise ValueError(f"schedule must return a finite number. Received: {rate!r}")
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate is {float(rate)}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate when a figure has not got better for some epochs.

    Parameters
    ----------
    monitor : str, default="val_loss"
        Name of the figure.
    factor : float in [0, 1), default=0.1
        What the rate is multiplied by.
    patience : int, default=10
        After how many epochs without getting better.
    verbose : {0, 1}, default=0
        Whether to print what is done.
    mode : {"auto", "min", "max"}, default="auto"
        Which way is better; "auto" finds out.
    min_delta : float, default=0.0001
        What is less does not count as better.
    cooldown : int, default=0
        How many epochs to wait after a change before counting again.
    min_lr : float, default=0.0
        The smallest rate.

    Raises
    ------
    ValueError
        If an argument is of a wrong type or outside its range.

    Examples
    --------
    >>> from pynn import callbacks
    >>> reducing = callbacks.ReduceLROnPlateau(factor=0.5, patience=5)
    """

    _prints = False

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 0.0001,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if not is_number(factor) or not 0 <= factor < 1:
            raise ValueError(f"factor must be a number in [0, 1). Received: factor={factor!r}")
        if not is_number(min_lr) or min_lr < 0:
            raise ValueError(
                f"min_lr must be a number that is not negative. Received: min_lr={min_lr!r}"
            )
        self.factor = factor
        self.patience = checked_epochs("patience", patience)
        self.verbose = verbose
        self.cooldown = checked_epochs("cooldown", cooldown)
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget earlier trainings."""
        self._reset()

    def in_cooldown(self) -> bool:
        """Whether the rate was changed a short time ago."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the rate, look at the figure, and reduce the rate if it is time."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = logs.get(self.monitor)
        if current is None:
            warn_user(self._missing(logs))
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = float(current)
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = float(self.model.optimizer.learning_rate)
        new = max(old * self.factor, self.min_lr)
        if not new < old:
            return
        self.model.optimizer.learning_rate = new
        if self.verbose:
            print(f"Epoch {epoch + 1}: reducing the learning rate to {new}")
        self.cooldown_counter = self.cooldown
        self.wait = 0
