"""What is told of a training while it goes on: ``history_``, and callbacks of both kinds."""

from __future__ import annotations

from typing import Any

from pynn.callbacks import CallbackList
from pynn.estimators._fit_lock import lock_of
from pynn.estimators._sklearn_callbacks import FitTask
from pynn.estimators._weight_average import WeightAverage
from pynn.models._compiled import Objectives
from pynn.training import EpochRunner, Watcher


class Progress:
    """Hears of epochs, and tells of them.

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
    listeners : CallbackList or None
        pynn's callbacks, None without any.
    """

    def __init__(self, estimator: Any, task: FitTask | None, epochs: int, steps: int) -> None:
        self._history: dict[str, list[Any]] = vars(estimator).setdefault("history_", {})
        self._lock = lock_of(estimator)
        self._task = task
        self._model: Any = None
        self.listeners: CallbackList | None = None
        if estimator.callbacks:
            self._model = estimator._network.model
            self._model.stop_training = False
            self.listeners = CallbackList(
                estimator.callbacks, model=self._model, verbose=0, epochs=epochs, steps=steps
            )
            self.listeners.on_train_begin()
        self._logs: dict[str, Any] = {}

    @property
    def is_heard(self) -> bool:
        """Whether there are callbacks."""
        return self.listeners is not None or self._task is not None

    def epoch_begins(self, index: int) -> None:
        """Tell of an epoch that is about to begin, counted from 0."""
        if self.listeners is not None:
            self.listeners.on_epoch_begin(index)
        if self._task is not None:
            self._task.epoch_begins()

    def epoch_ends(self, index: int, logs: dict[str, Any]) -> bool:
        """Record the figures of an epoch; return whether a callback wants training to stop."""
        stop = False
        if self.listeners is not None:
            self.listeners.on_epoch_end(index, logs)
            stop = bool(self._model.stop_training)
        for name, value in logs.items():
            self._history.setdefault(name, []).append(value)
        if self._task is not None:
            stop = self._task.epoch_ends() or stop
        self._logs = logs
        return stop

    def ends(self) -> None:
        """Tell of the end of training; a callback may fit the estimator anew."""
        self._lock.training_is_over()
        if self.listeners is not None:
            self.listeners.on_train_end(self._logs)


class StepWatcher(Watcher):
    """What has to be done after each step: averaging weights, metrics in Python, callbacks.

    Parameters
    ----------
    average : WeightAverage or None
    objectives : Objectives or None
        The metrics of the training rows.
    listeners : CallbackList or None
    logs : callable
        ``logs(totals)`` returns the figures of an epoch so far.
    """

    def __init__(
        self,
        average: WeightAverage | None,
        objectives: Objectives | None,
        listeners: CallbackList | None,
        logs: Any,
    ) -> None:
        self._average = average
        self._objectives = objectives if objectives and objectives.python_slots else None
        heard = listeners is not None and listeners.wants_train_batches
        self._listeners = listeners if heard else None
        self._logs = logs
        self.per_step = bool(average or self._objectives or self._listeners)

    def step_begins(self, step: int) -> None:
        """Tell callbacks."""
        if self._listeners is not None:
            self._listeners.on_train_batch_begin(step)

    def step_ends(self, step: int, runner: EpochRunner) -> None:
        """Do what is to be done."""
        if self._average is not None:
            self._average.update()
        if self._objectives is not None:
            rows, predictions = runner.trainer.last_batch()
            self._objectives.update(runner.current, rows, predictions)
        if self._listeners is not None:
            self._listeners.on_train_batch_end(step, self._logs(runner.totals()))
            self.stop = bool(self._listeners.model.stop_training)
