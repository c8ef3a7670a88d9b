"""Child processes for tests, forked from a server that has imported pynn and computed nothing.

So a child costs milliseconds, and has none of the threads of the process that runs the tests.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from typing import Any

PATIENCE = 120.0  # seconds after which a child is taken to hang


def context() -> ForkServerContext:
    """Return what makes such children."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["h5py", "pynn.estimators", "pynn.models", "pynn.saving"])
    return made


def result_of(
    function: Callable[..., Any],
    *args: Any,
    method: str = "forkserver",
    patience: float = PATIENCE,
) -> Any:
    """Return what a function returns in a child; AssertionError if that fails, dies or hangs."""
    made: Any = context() if method == "forkserver" else multiprocessing.get_context(method)
    receiver, sender = made.Pipe(duplex=False)
    child = made.Process(target=_send, args=(sender, function, args))
    child.start()
    sender.close()
    try:
        assert receiver.poll(patience), f"a child hangs in {function.__name__}"
        return receiver.recv()
    except EOFError:
        child.join(PATIENCE)
        name = function.__name__
        raise AssertionError(f"a child ended with {child.exitcode} in {name}") from None
    finally:
        receiver.close()
        child.kill()
        child.join()
        child.close()


def _send(sender: Any, function: Callable[..., Any], args: tuple) -> None:
    with sender:
        sender.send(function(*args))
