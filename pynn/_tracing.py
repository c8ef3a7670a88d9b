"""What is known while layers are called on tensors: the mode, the depth, and losses on the way.

One `Trace` is active per thread at most. `TrainingFlag` stands for "training or not" while one
recording serves both, and notices when a layer's code asks for the answer.
"""

from __future__ import annotations

import threading
from typing import Any


class TrainingFlag:
    """An undecided ``training`` argument. Asked for its truth, it says no and remembers that."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        self.asked = False

    def __bool__(self) -> bool:
        self.asked = True
        return False

    def __eq__(self, other: object) -> bool:
        return bool(self) == other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return "TrainingFlag()"


class Trace:
    """What the calls of layers leave behind while a model is recorded.

    Attributes
    ----------
    training : bool, TrainingFlag or None
        What layers get that are called without the argument.
    depth : int
        How many calls are under way, one inside the other.
    layers : tuple of Layer
        Those that are being built or called; also outside this recording.
    losses : list
        What `Layer.add_loss` was given: tensors, or functions without arguments.
    collects : bool
        Whether somebody will ask for `losses`, beyond the call that is under way.
    """

    __slots__ = ("collects", "depth", "layers", "losses", "training")

    def __init__(self, training: Any = None, collects: bool = True) -> None:
        self.training = training
        self.collects = collects
        self.depth = 0
        self.layers: tuple[Any, ...] = ()
        self.losses: list[Any] = []


class _Current(threading.local):
    def __init__(self) -> None:
        self.trace = Trace(collects=False)


_current = _Current()


def current() -> Trace:
    """Return the trace that is active in this thread."""
    return _current.trace


class tracing:  # noqa: N801, a function to its users; a generator would take thrice as long
    """Make a new trace the active one for a while."""

    __slots__ = ("_before", "_trace")

    def __init__(self, training: Any = None) -> None:
        self._trace = Trace(training)

    def __enter__(self) -> Trace:
        self._before = _current.trace
        self._trace.layers = self._before.layers
        _current.trace = self._trace
        return self._trace

    def __exit__(self, *raised: object) -> None:
        _current.trace = self._before


class entered:  # noqa: N801, as above
    """While this is active, a layer is being built or called."""

    __slots__ = ("_layer", "_trace")

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __enter__(self) -> None:
        self._trace = _current.trace
        self._trace.layers = (*self._trace.layers, self._layer)

    def __exit__(self, *raised: object) -> None:
        self._trace.layers = self._trace.layers[:-1]
