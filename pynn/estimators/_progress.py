"""Who is notified of a training while it goes on: ``history_``, and callbacks of both kinds."""

from __future__ import annotations

from typing import Any

from pynn.callbacks import CallbackList
from pynn.estimators._fit_lock import lock_of
from pynn.estimators._sklearn_callbacks import FitTask


class Progress:
    """Notifies ``history_`` and callbacks of epochs.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its ``history_`` grows.
    task : FitTask or None
        For scikit-learn's callbacks.
    epochs : int
        The number of the last epoch, counted from 1.
    steps : int
        In an epoch.

    Attributes
    ----------
    callbacks : CallbackList or None
        pynn's callbacks, None without any.
    """

    def __init__(self, estimator: Any, task: FitTask | None, epochs: int, steps: int) -> None:
        self._history: dict[str, list[Any]] = vars(estimator).setdefault("history_", {})
        self._lock = lock_of(estimator)
        self._task = task
        self._model: Any = None
        self.callbacks: CallbackList | None = None
        if estimator.callbacks:
            self._model = estimator._network.model
            self._model.stop_training = False
            self.callbacks = CallbackList(
                estimator.callbacks, model=self._model, verbose=0, epochs=epochs, steps=steps
            )
            self.callbacks.on_train_begin()
        self._logs: dict[str, Any] = {}

    @property
    def has_callbacks(self) -> bool:
        """Whether there are callbacks."""
        return self.callbacks is not None or self._task is not None

    def epoch_begins(self, index: int) -> None:
        """Notify callbacks of an epoch that is about to begin, counted from 0."""
        if self.callbacks is not None:
            self.callbacks.on_epoch_begin(index)
        if self._task is not None:
            self._task.epoch_begins()

    def epoch_ends(self, index: int, logs: dict[str, Any]) -> bool:
        """Record the figures of an epoch; return whether a callback wants training to stop."""
        stop = False
        if self.callbacks is not None:
            self.callbacks.on_epoch_end(index, logs)
            stop = bool(self._model.stop_training)
        for name, value in logs.items():
            self._history.setdefault(name, []).append(value)
        if self._task is not None:
            stop = self._task.epoch_ends() or stop
        self._logs = logs
        return stop

    def ends(self) -> None:
        """Notify callbacks of the end of training; one of them may fit the estimator anew."""
        self._lock.training_is_over()
        if self.callbacks is not None:
            self.callbacks.on_train_end(self._logs)
