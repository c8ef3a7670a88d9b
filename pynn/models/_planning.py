"""The plans of a model: the one that is trained, and the one that predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn import graph
from pynn._structure import leaves, pack
from pynn._tracing import tracing
from pynn.models._recording import Recording, asks_for_mode, record_both

if TYPE_CHECKING:
    from pynn.models._model import Model


def plans_of(model: Model) -> tuple[graph.Plan, graph.Plan]:
    """Return the plan for training and the one for inference, the same one if they agree."""
    weights = model.weights
    if model._looks_at_values:
        eager = _eager_plan(model)
        return eager, eager
    training, inference = _recordings(model)
    first = graph.lower(training.inputs, training.outputs, weights, training.losses)
    if inference is training:
        return first, first
    return first, graph.lower(inference.inputs, inference.outputs, weights)


def _recordings(model: Model) -> tuple[Recording, Recording]:
    network = model._network
    if network is not None and not asks_for_mode(model):
        both = Recording(network.flat_inputs, network.flat_outputs, network.losses)
        return both, both
    call = model._call_undecided if network is None else network.run
    return record_both(call, model._interface_or_fail().inputs)


def _eager_plan(model: Model) -> graph.EagerPlan:
    interface = model._interface_or_fail()

    def compute(inputs: list[Any], training: bool) -> tuple[list[Any], list[Any]]:
        with tracing(training) as trace:
            trace.depth += 1  # leave no records that hold values
            outputs = model._call_undecided(pack(interface.inputs, inputs))
        return list(leaves(outputs)), trace.losses

    return graph.EagerPlan(
        compute, interface.flat_inputs, interface.flat_outputs, model.weights, model.dtype
    )
