"""`CallbackList`: many callbacks as one, and for which batches they have to be called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from pynn._fit_state import FitState
from pynn.callbacks._callback import HOOKS, Callback, listens_to, listens_to_each, may_print
from pynn.callbacks._records import History, ProgbarLogger


def _flatten(callbacks: Any) -> Iterator[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, CallbackList):
        callbacks = callbacks.callbacks
    if isinstance(callbacks, (list, tuple)):
        for callback in callbacks:
            yield from _flatten(callback)
    elif hasattr(callbacks, "set_model") and not isinstance(callbacks, type):
        yield callbacks
    else:
        raise ValueError(f"callbacks must be a Callback or a list of them. Received: {callbacks!r}")


class CallbackList(Callback):
    """The callbacks of one training, evaluation or prediction.

    Parameters
    ----------
    callbacks : Callback, list of Callback or None, default=None
        Lists may be nested. They are called in this order, an added `History` last.
    add_history, add_progbar : bool, default=False
        Whether to add a `History` and a `ProgbarLogger`, unless there is one.
    model : Model, default=None
        What the callbacks get as their model; its ``history`` becomes the `History`.
    **params
        What they get as their params.

    Attributes
    ----------
    callbacks : list of Callback
    history : History or None
    progress : bool
        Whether there is a `ProgbarLogger`.
    wants_train_batches, wants_test_batches, wants_predict_batches : bool
        Whether any callback is to be called for every batch.

    Raises
    ------
    ValueError
        If something is no callback.

    Examples
    --------
    >>> from pynn import callbacks
    >>> lines = callbacks.CallbackList([callbacks.History()], verbose=1, epochs=3, steps=10)
    >>> lines.needs_batches
    False
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = list(_flatten(callbacks))
        self.history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if self.history is None and add_history:
            self.history = History()
            self.callbacks.append(self.history)
        self.progress = any(isinstance(c, ProgbarLogger) for c in self.callbacks)
        if not self.progress and add_progbar:
            self.callbacks.append(ProgbarLogger())
            self.progress = True
        self._listeners: dict[str, list[Any]] = {}
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback: Any) -> None:
        """Add a callback at the end."""
        self.callbacks.extend(_flatten(callback))
        self._listeners.clear()

    def set_model(self, model: Any) -> None:
        """Store the model here and in all callbacks."""
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: Any) -> None:
        """Store the params here and in all callbacks."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_fit_state(self, state: FitState) -> None:
        """Hand on where the running `fit` stands, to the callbacks that have this method."""
        for callback in self.callbacks:
            if hasattr(callback, "set_fit_state"):
                callback.set_fit_state(state)

    @property
    def may_print(self) -> bool:
        """Whether any callback may write to the standard output while training goes on."""
        return any(map(may_print, self.callbacks))

    @property
    def wants_train_batches(self) -> bool:
        """Whether any callback is to be called for every training step."""
        return self._wants("train")

    needs_batches = wants_train_batches

    @property
    def wants_test_batches(self) -> bool:
        """Whether any callback is to be called for every batch of an evaluation."""
        return self._wants("test")

    @property
    def wants_predict_batches(self) -> bool:
        """Whether any callback is to be called for every batch of a prediction."""
        return self._wants("predict")

    def _wants(self, what: str) -> bool:
        hooks = (f"on_{what}_batch_begin", f"on_{what}_batch_end")
        return any(listens_to_each(c, hook) for hook in hooks for c in self.listening(hook))

    def listening(self, hook: str) -> list[Any]:
        """Return the callbacks whose `hook` does anything."""
        if hook not in self._listeners:
            self._listeners[hook] = [c for c in self.callbacks if listens_to(c, hook)]
        return self._listeners[hook]


def _notifying(hook: str) -> Callable[..., None]:
    """Return the method of `CallbackList` that calls this hook of all that define it."""
    called = hook.replace("on_batch", "on_train_batch")

    def notify(self: CallbackList, logs: Any = None) -> None:
        for callback in self.listening(called):
            getattr(callback, called)({} if logs is None else logs)

    def notify_of_epoch(self: CallbackList, epoch: int, logs: Any = None) -> None:
        logs = {} if logs is None else logs  # callbacks share it, and may add to it
        for callback in self.listening(called):
            getattr(callback, called)(epoch, logs)

    def notify_of_batch(self: CallbackList, batch: int, logs: Any = None) -> None:
        for callback in self.listening(called):
            getattr(callback, called)(batch, logs={} if logs is None else logs)

    method = notify_of_batch if "batch" in hook else notify_of_epoch if "epoch" in hook else notify
    return wraps(getattr(Callback, hook))(method)


for _hook in HOOKS:
    setattr(CallbackList, _hook, _notifying(_hook))
