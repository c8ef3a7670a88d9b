"""`LearningRateScheduler`: a learning rate for each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pynn._number_checks import is_number
from pynn.callbacks._callback import Callback, Logs


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
