"""Models as ONNX graphs: what predicts, with the weights as they stand.

The form of each op is declared beside it; see `pynn._onnx`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pynn import graph
from pynn._onnx import OnnxWriter
from pynn.formats._onnx_graph import OnnxGraph, checked_opset
from pynn.ops import Node, all_ops


def write_onnx(
    model: Any,
    filepath: Any,
    *,
    opset_version: int | None = None,
    metadata: Mapping[str, str] | None = None,
    **unknown: Any,
) -> None:
    """Write a model as an ONNX file; see `export_model`.

    Parameters
    ----------
    model : pynn.Model
        Built.
    filepath : path-like, int or binary file
    opset_version : int, default=17
    metadata : mapping of str to str, default=None
        What else the file is to say.
    """
    if unknown:
        raise ValueError(f"export does not take the arguments {', '.join(unknown)}")
    opset = checked_opset(opset_version)
    plan = model._plan()
    w = OnnxGraph(computed_in(plan), opset)
    inputs = [
        w.declare_input(name, tensor.dtype, tensor.shape)
        for name, tensor in zip(model.input_names, plan.inputs, strict=True)
    ]
    declare_model_outputs(w, model, write_model(w, model, inputs))
    w.save(filepath, model.name, {"class": type(model).__name__, **(metadata or {})})


def computed_in(plan: graph.Plan) -> str:
    """Return the type that a network's graph computes in."""
    return "float64" if "float64" in (plan.dtype, plan.outputs[0].dtype) else "float32"


def write_model(w: OnnxWriter, model: Any, inputs: Sequence[str]) -> list[str]:
    """Write what a model computes of inputs in the types that it declares; return the outputs."""
    plan = model._plan()
    rows = [
        name if tensor.dtype == w.dtype.name else w.cast(name)
        for name, tensor in zip(inputs, plan.inputs, strict=True)
    ]
    return write_network(w, plan, rows)


def declare_model_outputs(w: OnnxGraph, model: Any, values: Sequence[str]) -> None:
    """Give a model's outputs to the outside, in its types and by its names."""
    for name, tensor, value in zip(model.output_names, model._plan().outputs, values, strict=True):
        if tensor.dtype != w.dtype.name:
            value = w.cast_to(value, tensor.dtype)
        w.declare_output(name, value, tensor.dtype, tensor.shape)


def write_network(w: OnnxWriter, plan: Any, inputs: Sequence[str]) -> list[str]:
    """Write the nodes between a plan's inputs and its outputs.

    Parameters
    ----------
    w : OnnxWriter
    plan : pynn.graph.Plan
    inputs : sequence of str
        Names of the rows, in the type that is computed in.

    Returns
    -------
    list of str
        Names of the outputs.

    Raises
    ------
    NotImplementedError
        If a node's op has no ONNX twin, or there is no recorded graph.
    """

    def write(node: Node, values: list[Any]) -> str:
        onnx = node.op.onnx
        if onnx is None:
            raise NotImplementedError(
                f"the op {node.op.name!r} has no ONNX twin here. It must be one of "
                f"{', '.join(sorted(op.name for op in all_ops() if op.onnx is not None))}"
            )
        form = partial(w.node, onnx) if isinstance(onnx, str) else partial(onnx, w)
        name = form(*values, **node.params)
        w.shapes.setdefault(name, node.output.shape)
        return name

    for name, tensor in zip(inputs, plan.inputs, strict=True):
        w.shapes[name] = tensor.shape
    return [w.name_of(value) for value in graph.translate(plan, inputs, write)]
