"""Who is notified of a training while it goes on: ``history_``, and callbacks of both kinds.

scikit-learn has a callback protocol since 1.9. With earlier versions `CallbackSupportMixin` and
`with_callbacks` do nothing.
"""

from __future__ import annotations

from typing import Any

from pynn.callbacks import CallbackList
from pynn.estimators._fit_lock import lock_of
from pynn.estimators.mlp._network import Network
from pynn.estimators.mlp._parameters import MLPParameters

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ModuleNotFoundError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for scikit-learn's mixin of this name."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


class FitTask:
    """The fit of an estimator, and its epochs, as scikit-learn's callbacks are notified of them.

    Parameters
    ----------
    estimator : MLPParameters
    x, y, sample_weight
        What was given to ``fit``.
    """

    def __init__(self, estimator: MLPParameters, x: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": x, "y": y, "metadata": metadata}
        self._context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self._context.call_on_fit_task_begin(**self._data)
        self._epoch: Any = None

    def epoch_begins(self) -> None:
        """Notify of the begin of an epoch."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def epoch_ends(self) -> bool:
        """Notify of the end of an epoch; return whether a callback wants training to stop."""
        # A copy holds the weights of now, so nothing has to be added to make it predict.
        return bool(self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=dict))

    def ends(self) -> None:
        """Notify of the end of the fit."""
        self._context.call_on_fit_task_end(**self._data, reconstruction_attributes=dict)


def check_callbacks(callbacks: Any) -> None:
    """Check that callbacks can be called by an estimator.

    Raises
    ------
    ValueError
        If one says where `Model.fit` begins, as `BackupAndRestore` does.
    """
    for callback in CallbackList(callbacks).callbacks:
        if hasattr(callback, "set_fit_state"):
            raise ValueError(
                f"{type(callback).__name__} says where the fit of a model begins, and so has no "
                "place among an estimator's callbacks. Use Model.fit, or warm_start"
            )


class Progress:
    """Notifies ``history_`` and callbacks of epochs.

    Parameters
    ----------
    estimator : MLPParameters
        Its ``history_`` grows.
    network : Network
        Its model is that of pynn's callbacks.
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

    def __init__(
        self,
        estimator: MLPParameters,
        network: Network,
        task: FitTask | None,
        epochs: int,
        steps: int,
    ) -> None:
        self._history: dict[str, list[Any]] = estimator.__dict__.setdefault("history_", {})
        self._lock = lock_of(estimator)
        self._task = task
        self.callbacks: CallbackList | None = None
        if estimator.callbacks:
            model = network.model
            model.stop_training = False
            self.callbacks = CallbackList(
                estimator.callbacks, model=model, verbose=0, epochs=epochs, steps=steps
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
            stop = bool(self.callbacks.model.stop_training)
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
