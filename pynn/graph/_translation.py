"""`translate`: the walk by which a network is written in another language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pynn._tensor import Mode
from pynn.graph._plan import EagerPlan, Plan
from pynn.ops import Node, Tensor, Weight


def translate(
    plan: Plan, inputs: Sequence[Any], write: Callable[[Node, list[Any]], Any]
) -> list[Any]:
    """Write the nodes between a plan's inputs and its outputs, each after those that it needs.

    What follows from weights and constants alone is computed here and now, and is an array. Nodes
    without inputs are not: they make random numbers, or something for each row of the batch.

    Parameters
    ----------
    plan : Plan
    inputs : sequence
        What stands for the plan's inputs, in the words of the writer: names, say.
    write : callable
        ``write(node, values)`` writes a node and returns what stands for its output. `values` are
        those of the node's inputs: what stands for a tensor, a copy of a weight's array, or a
        constant as it was recorded.

    Returns
    -------
    list
        What stands for each output; an array if it follows from no input.

    Raises
    ------
    NotImplementedError
        If the network cannot be recorded, or changes its weights when it predicts.
    """
    if isinstance(plan, EagerPlan):
        raise NotImplementedError(
            "this model's call() looks at values, and so it runs anew for each batch: there is no "
            "graph of it to write"
        )
    if plan.updates:
        raise NotImplementedError(
            "this model assigns to its weights when it predicts, which no graph does"
        )
    known = {id(tensor): given for tensor, given in zip(plan.inputs, inputs, strict=True)}
    written = set(known)  # tensors that depend on inputs

    def value_of(value: Any) -> Any:
        if isinstance(value, Tensor):
            return known[id(value)]
        return value.view.copy() if isinstance(value, Weight) else value

    for node in plan.output_nodes:
        values = [value_of(value) for value in node.inputs]
        tensors = (value for value in node.inputs if isinstance(value, Tensor))
        if not node.inputs or any(id(value) in written for value in tensors):
            written.add(id(node.output))
            known[id(node.output)] = write(node, values)
        else:
            mode = {"mode": Mode(training=False)} if node.op.modal else {}
            known[id(node.output)] = node.op.forward(*values, **node.params, **mode)
    return [known[id(tensor)] for tensor in plan.outputs]
