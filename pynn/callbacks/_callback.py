"""`Callback`, the base class, and which of its methods a callback defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Hook = TypeVar("Hook", bound=Callable[..., Any])
Logs = Mapping[str, Any] | None


class Callback:
    """Something that training, evaluation and prediction notify as they go on.

    Subclasses define the methods that they need; there is no need to call ``super().__init__()``.
    A callback that listens to every batch makes training come back to Python after each of them,
    which takes some microseconds.

    Attributes
    ----------
    model : Model
        The model in question; set ``self.model.stop_training = True`` to end a training.
    params : dict
        ``{"verbose": ..., "epochs": ..., "steps": ...}``.

    Examples
    --------
    >>> from pynn import callbacks
    >>> class Ratio(callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"validation/training: {logs['val_loss'] / logs['loss']:.2f}")
    >>> Ratio().on_epoch_end(0, {"loss": 0.5, "val_loss": 0.6})
    validation/training: 1.20
    """

    model: Any = None
    params: Any = None
    # Whether it writes to the standard output, as any class may that does not say otherwise itself.
    _prints = True

    def __init__(self) -> None:
        self.model = None
        self.params = None

    def set_model(self, model: Any) -> None:
        """Store the model."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Store what `fit` was asked for."""
        self.params = params

    def on_train_begin(self, logs: Logs = None) -> None:
        """Do something before the first epoch."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Do something after the last epoch; `logs` are its."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Do something before epoch number `epoch`, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Do something after an epoch; what is added to `logs` is recorded with the rest."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Do something before a training step: the older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Do something after a training step: the older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Do something before step number `batch` of an epoch, counted from 0."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Do something after a step; `logs` are means over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Do something before an evaluation, validation included."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Do something after an evaluation; `logs` are its results."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Do something before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Do something after a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Do something before a prediction."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Do something after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Do something before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Do something after a batch of a prediction."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def needed_if(condition: Callable[[Any], bool]) -> Callable[[Hook], Hook]:
    """Mark a hook of a built-in callback as one that only some settings need."""

    def mark(hook: Hook) -> Hook:
        hook._needed_if = condition  # type: ignore[attr-defined]
        return hook

    return mark


def now_and_then(hook: Hook) -> Hook:
    """Mark a batch hook that need not be called for every batch, only with the latest one."""
    hook._now_and_then = True  # type: ignore[attr-defined]
    return hook


def _own_hook(callback: Any, hook: str) -> Any:
    """Return the function that is called for `hook`, None if it would do nothing."""
    method = getattr(callback, hook, None)
    function = getattr(method, "__func__", method)
    if function is not getattr(Callback, hook):
        condition = getattr(function, "_needed_if", None)
        return function if condition is None or condition(callback) else None
    older = hook.replace("on_train_batch", "on_batch")
    return _own_hook(callback, older) if older != hook else None


def listens_to(callback: Any, hook: str) -> bool:
    """Whether `hook` of `callback` does anything."""
    return _own_hook(callback, hook) is not None


def listens_to_each(callback: Any, hook: str) -> bool:
    """Whether `hook` of `callback` has to be called for every single batch."""
    function = _own_hook(callback, hook)
    return function is not None and not getattr(function, "_now_and_then", False)


def may_print(callback: Any) -> bool:
    """Whether `callback` may write to the standard output while training goes on."""
    own: bool = vars(type(callback)).get("_prints", True)
    return own or bool(getattr(callback, "verbose", False))


class LambdaCallback(Callback):
    """A callback whose methods are given as functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable of (epoch, logs), default=None
    on_train_begin, on_train_end : callable of (logs), default=None
    on_train_batch_begin, on_train_batch_end : callable of (batch, logs), default=None
    **kwargs
        Other hooks of `Callback`; anything else becomes an attribute.

    Raises
    ------
    ValueError
        If a name begins with ``on_`` and is no hook, or what is given for a hook is no function.

    Examples
    --------
    >>> from pynn import callbacks
    >>> shout = callbacks.LambdaCallback(on_train_end=lambda logs: print("done"))
    >>> shout.on_train_end({})
    done
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in HOOKS} | kwargs
        super().__init__()
        unknown = [name for name in given if name.startswith("on_") and name not in HOOKS]
        if unknown:
            raise ValueError(
                f"the hooks of a callback are {', '.join(HOOKS)}. Received: {', '.join(unknown)}"
            )
        hooks = {name: given[name] for name in HOOKS if given.get(name) is not None}
        wrong = [name for name, function in hooks.items() if not callable(function)]
        if wrong:
            raise ValueError(
                f"{wrong[0]} must be a function. Received: {wrong[0]}={given[wrong[0]]!r}"
            )
        self.__dict__.update({name: value for name, value in given.items() if value is not None})
