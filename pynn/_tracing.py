"""What is known while layers are called on tensors: the mode, the depth, what is left behind.

One `Trace` is active per thread at most. `TrainingFlag` stands for "training or not" while one
recording serves both, and notices when a layer's code asks for the answer.
"""

from __future__ import annotations

import threading
from typing import Any


class SymbolicValueError(TypeError):
    """A symbolic tensor, or a weight while a model is recorded, was asked for its value."""


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
    updates : dict
        Weights that were assigned to, each with the tensor that it is from there on, by their ids.
    collects : bool
        Whether somebody will ask for `losses`, beyond the call that is under way.
    """

    __slots__ = ("collects", "depth", "layers", "losses", "training", "updates")

    def __init__(self, training: Any = None, collects: bool = True) -> None:
        self.training = training
        self.collects = collects
        self.depth = 0
        self.layers: tuple[Any, ...] = ()
        self.losses: list[Any] = []
        self.updates: dict[int, tuple[Any, Any]] = {}

    def inner(self, training: Any = None) -> Trace:
        """Return a new trace within the calls that are under way here."""
        made = Trace(training)
        made.layers = self.layers
        return made


class _Here(threading.local):
    """What goes on in a thread.

    Attributes
    ----------
    trace : Trace
    is_recording : bool
        Whether ops on weights alone are recorded, too.
    recorder : EagerRecorder or None
        Of a pass that is computed as it is recorded.
    """

    def __init__(self) -> None:
        self.trace = Trace(collects=False)
        self.is_recording = False
        self.recorder: Any = None


here = _Here()


def current() -> Trace:
    """Return the trace that is active in this thread."""
    return here.trace


def is_symbolic_pass() -> bool:
    """Whether a model is being recorded without values."""
    return here.is_recording and here.recorder is None


class recording:  # a function to its users; a generator would take thrice as long
    """While this is active, ops on weights alone are recorded too, so that training goes there."""

    __slots__ = ("_active", "_before")

    def __init__(self, active: bool = True) -> None:
        self._active = active

    def __enter__(self) -> None:
        self._before = here.is_recording
        here.is_recording = self._active

    def __exit__(self, *raised: object) -> None:
        here.is_recording = self._before


class tracing:  # a function to its users; a generator would take thrice as long
    """Make a new trace the active one for a while."""

    __slots__ = ("_before", "_training")

    def __init__(self, training: Any = None) -> None:
        self._training = training

    def __enter__(self) -> Trace:
        self._before = here.trace
        here.trace = trace = self._before.inner(self._training)
        return trace

    def __exit__(self, *raised: object) -> None:
        here.trace = self._before


class entered:  # as above
    """While this is active, a layer is being built or called."""

    __slots__ = ("_layer", "_trace")

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __enter__(self) -> None:
        self._trace = here.trace
        self._trace.layers = (*self._trace.layers, self._layer)

    def __exit__(self, *raised: object) -> None:
        self._trace.layers = self._trace.layers[:-1]
