"""`LambdaCallback`: a callback of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn.callbacks._callback import HOOKS, Callback


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
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
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
