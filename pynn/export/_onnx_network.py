"""A network's nodes, written one after the other in ONNX's operators."""

from __future__ import annotations

from functools import partial
from typing import Any

from pynn._onnx import OnnxWriter
from pynn.ops import Tensor, Weight, all_ops


def write_network(w: OnnxWriter, plan: Any, x: str) -> list[str]:
    """Write the nodes between a plan's one input and its outputs.

    Parameters
    ----------
    w : OnnxWriter
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
        onnx = node.op.onnx
        if onnx is None:
            raise NotImplementedError(
                f"the op {node.op.name!r} has no ONNX twin here. It must be one of "
                f"{', '.join(sorted(op.name for op in all_ops() if op.onnx is not None))}"
            )
        write = partial(w.node, onnx) if isinstance(onnx, str) else partial(onnx, w)
        names[id(node.output)] = write(*inputs, **node.params)
    return [names[id(tensor)] for tensor in plan.outputs]
