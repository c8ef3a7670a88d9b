"""A network's nodes, written one after the other in ONNX's operators."""

from __future__ import annotations

from typing import Any

from pynn.export._onnx_ops import Writer, write_op
from pynn.ops import Tensor, Weight


def write_network(w: Writer, plan: Any, x: str) -> list[str]:
    """Write the nodes between a plan's one input and its outputs.

    Parameters
    ----------
    w : Writer
    plan : pynn.graph.Plan
    x : str
        Name of the rows, in the type that is computed in.

    Returns
    -------
    list of str
        Names of the outputs.

    Raises
    ------
    NotImplementedError
        If a node's op has no ONNX twin.
    """
    names = {id(plan.inputs[0]): x}

    def of(value: Any) -> Any:
        if isinstance(value, Tensor):
            return names[id(value)]
        return value.view.copy() if isinstance(value, Weight) else value

    for node in plan.nodes:
        inputs = [of(value) for value in node.inputs]
        names[id(node.output)] = write_op(w, node.op.name, inputs, node.params)
    return [names[id(tensor)] for tensor in plan.outputs]
