"""Recording a model's computation: what a plan is made from.

A functional model was recorded when it was put together. A subclassed one is recorded by calling
it on tensors. One recording serves training and inference unless some code asks which it is; then
each gets a recording of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pynn._signatures import training_position
from pynn._structure import leaves, map_leaves
from pynn._tensor import recording
from pynn._tracing import TrainingFlag, current, tracing
from pynn.layers import Layer
from pynn.models._network import input_like
from pynn.ops import Tensor


class Recording(NamedTuple):
    """Flat inputs and outputs of a computation, and what was added to its loss on the way."""

    inputs: list[Tensor]
    outputs: list[Tensor]
    losses: list[Any]


def asks_for_mode(layer: Layer) -> bool:
    """Whether code outside pynn may behave differently in training and at inference."""
    own = type(layer).__module__.split(".")[0] != "pynn"
    if own and training_position(type(layer).call) is not None:
        return True
    return any(asks_for_mode(inner) for inner in layer._sublayers())


def record_both(call: Any, inputs: Any) -> tuple[Recording, Recording]:
    """Return the recordings for training and for inference, the same one if they do not differ.

    Parameters
    ----------
    call : callable
        ``call(inputs)`` computes with tensors.
    inputs : structure of Tensor
        Its tensors are only looked at; new ones take their place.
    """

    def one(training: Any) -> Recording:
        fresh = map_leaves(input_like, inputs)
        with tracing(training) as trace, recording():
            current().depth += 1  # the layers' own records are of the first call
            outputs = call(fresh)
            return Recording(list(leaves(fresh)), list(leaves(outputs)), list(trace.losses))

    flag = TrainingFlag()
    first = one(flag)
    if not flag.asked:
        return first, first
    return one(True), one(False)
