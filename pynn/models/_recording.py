"""Recording a model's computation: its interface, and the plans that are made from it.

A functional model was recorded when it was put together. A subclassed one is recorded by calling
it on tensors. One recording serves training and inference unless some code asks which it is; then
each gets a recording of its own. Code that looks at values cannot be recorded and runs anew for
each batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pynn import graph
from pynn._custom_objects import is_pynn
from pynn._namespace import is_tensor
from pynn._signatures import training_position, usual_training
from pynn._structure import leaves, map_leaves, pack
from pynn._tensor import Mode, ValueTensor, computing
from pynn._tracing import SymbolicValueError, TrainingFlag, current, recording, tracing
from pynn._weight import Weight
from pynn.layers import Layer
from pynn.models._call_graph import CallGraph
from pynn.models._interface import Interface
from pynn.ops import Tensor

Call = Callable[[Any], Any]


def interface_of(call: Call, data: Any, dtype: str) -> Interface:
    """Call a subclassed model on something like `data`, and see what it returns.

    Parameters
    ----------
    call : callable
    data : array or tensor, or list, tuple or dict of them
        Where `call` looks at values, one or two rows are computed.
    dtype : str
        Of the tensors.

    Raises
    ------
    ValueError
        If something other than tensors is returned.
    """
    arrays = list(leaves(data))
    inputs = [
        Tensor((None, *array.shape[1:]), dtype, name=name)
        for array, name in zip(arrays, _names(data, len(arrays), "input"), strict=True)
    ]
    is_eager = False
    try:
        with tracing(TrainingFlag()), recording():
            outputs = call(pack(data, inputs))
    except SymbolicValueError:
        if any(is_tensor(value) for value in arrays):
            raise
        is_eager = True
        examples = [
            ValueTensor(graph.gather(array, slice(0, 2), tensor.shape, dtype))
            for array, tensor in zip(arrays, inputs, strict=True)
        ]
        with tracing(False), computing(Mode(training=False)) as tape:
            current().depth += 1  # leave no records that hold values
            try:
                outputs = call(pack(data, examples))
            finally:
                tape.undo_assignments()
    found = list(leaves(outputs))
    wrong = [value for value in found if not isinstance(value, Tensor)]
    if wrong or not found:
        raise ValueError(
            "call() of a model must return tensors, or a list, tuple or dict of them. "
            f"Received: {wrong[0] if wrong else outputs!r}"
        )
    if is_eager:
        outputs = map_leaves(lambda x: Tensor((None, *x.shape[1:]), x.dtype), outputs)
    names = _names(outputs, len(found), "output")
    return Interface(pack(data, inputs), outputs, names, is_eager)


def _names(structure: Any, count: int, prefix: str) -> list[str]:
    if isinstance(structure, Mapping) and len(structure) == count:
        return [str(key) for key in structure]
    return [f"{prefix}_{i + 1}" for i in range(count)]


# ---- plans


class Recording(NamedTuple):
    """Flat inputs and outputs of a computation, and what was done on the way.

    That is what was added to its loss, and what was assigned to weights.
    """

    inputs: list[Tensor]
    outputs: list[Tensor]
    losses: list[Any]
    updates: list[tuple[Weight, Tensor]]


def plans_of(
    model: Layer, interface: Interface, call: Call, weights: Sequence[Weight]
) -> tuple[graph.Plan, graph.Plan]:
    """Return the plan for training and the one for inference, the same one if they agree.

    Parameters
    ----------
    model : Model
    interface : Interface
    call : callable
        Computes the model on tensors.
    weights : list of Weight
        In the order to be kept.
    """
    if interface.is_eager:
        eager = _eager_plan(interface, call, weights, model.dtype)
        return eager, eager
    if isinstance(interface, CallGraph) and not (interface.assigns or _asks_for_mode(model)):
        training = Recording(interface.flat_inputs, interface.flat_outputs, interface.losses, [])
        inference = training
    else:
        training, inference = _record_both(call, interface.inputs)
    first = graph.Plan(
        training.inputs, training.outputs, weights, training.losses, training.updates
    )
    if inference is training:
        return first, first
    return first, graph.Plan(
        inference.inputs, inference.outputs, weights, inference.losses, inference.updates
    )


def _asks_for_mode(layer: Layer) -> bool:
    """Whether code outside pynn may behave differently in training and at inference."""
    if not is_pynn(type(layer)) and training_position(type(layer).call) is not None:
        return True
    return any(_asks_for_mode(inner) for inner in layer._sublayers())


def trains_by_default(layer: Layer) -> bool:
    """Whether code outside pynn computes as in training where nobody says what it is called for."""
    own = usual_training(type(layer).call)
    return bool(own) or any(trains_by_default(inner) for inner in layer._sublayers())


def _record_both(call: Call, inputs: Any) -> tuple[Recording, Recording]:
    """Return the recordings for training and for inference, the same one if they do not differ.

    The tensors of `inputs` are only looked at; new ones take their place.
    """

    def one(training: Any) -> Recording:
        fresh = map_leaves(lambda x: Tensor(x.shape, x.dtype, name=x.name), inputs)
        with tracing(training) as trace, recording():
            current().depth += 1  # the layers' own records are of the first call
            outputs = call(fresh)
            updates = list(trace.updates.values())
            return Recording(list(leaves(fresh)), list(leaves(outputs)), trace.losses, updates)

    flag = TrainingFlag()
    first = one(flag)
    if not flag.asked:
        return first, first
    return one(True), one(False)


def _eager_plan(
    interface: Interface, call: Call, weights: Sequence[Weight], dtype: str
) -> graph.EagerPlan:
    def compute(inputs: list[Any], training: bool) -> tuple[list[Any], list[Any]]:
        with tracing(training) as trace:
            trace.depth += 1  # leave no records that hold values
            outputs = call(pack(interface.inputs, inputs))
        return list(leaves(outputs)), trace.losses

    return graph.EagerPlan(compute, interface.flat_inputs, interface.flat_outputs, weights, dtype)
