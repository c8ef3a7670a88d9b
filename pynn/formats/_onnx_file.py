"""Models as ONNX graphs: what predicts, with the weights as they stand.

The form of each op is declared beside it; see `pynn._onnx`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from pynn._files import write_atomically
from pynn._onnx import OnnxWriter
from pynn.ops import Tensor, Weight, all_ops

_OPSET = 17
_IR_VERSION = 8  # of that opset: newer ones are not read by runtimes of its time


def export_model(
    self: Any,
    filepath: Any,
    format: str = "tf_saved_model",
    verbose: bool | None = None,
    input_signature: Any = None,
    **kwargs: Any,
) -> None:
    """Write the model for another program: as a graph that predicts, without pynn.

    Parameters
    ----------
    filepath : path-like, int or binary file
        What is there is replaced, once the new file is whole.
    format : str
        Must be ``"onnx"``. The default is Keras's.
    verbose : bool, default=None
        Whether to print what was written.
    input_signature : None
        Inputs are those of the model, with any number of rows.
    **kwargs
        ``opset_version``, default 17: the version of ONNX's operators.

    Raises
    ------
    ValueError
        If the format is another one, or an argument is not known.
    ImportError
        If the package ``onnx`` is not installed.
    NotImplementedError
        If the model has an op that is not translated.

    Examples
    --------
    >>> model.export("model.onnx", format="onnx")  # doctest: +SKIP
    """
    if format != "onnx":
        raise ValueError(f"a model is exported with format='onnx' alone. Received: {format!r}")
    opset = kwargs.pop("opset_version", None) or _OPSET
    if kwargs or input_signature is not None:
        names = [*kwargs, *(["input_signature"] if input_signature is not None else [])]
        raise ValueError(f"export does not take the arguments {', '.join(names)}")
    if isinstance(opset, bool) or not isinstance(opset, int) or opset < 13:
        raise ValueError(f"opset_version must be an integer from 13 on. Received: {opset!r}")
    content = _model_bytes(self, opset)
    write_atomically(filepath, lambda file: file.write(content))
    if verbose:
        print(f"Saved the ONNX graph of {self.name!r} to {filepath}")


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
        If a node's op has no ONNX twin.
    """
    names = {id(tensor): name for tensor, name in zip(plan.inputs, inputs, strict=True)}

    def of(value: Any) -> Any:
        if isinstance(value, Tensor):
            return names[id(value)]
        return value.view.copy() if isinstance(value, Weight) else value

    for node in plan.output_nodes:
        values = [of(value) for value in node.inputs]
        onnx = node.op.onnx
        if onnx is None:
            raise NotImplementedError(
                f"the op {node.op.name!r} has no ONNX twin here. It must be one of "
                f"{', '.join(sorted(op.name for op in all_ops() if op.onnx is not None))}"
            )
        write = partial(w.node, onnx) if isinstance(onnx, str) else partial(onnx, w)
        names[id(node.output)] = write(*values, **node.params)
    return [names[id(tensor)] for tensor in plan.outputs]


def _model_bytes(model: Any, opset: int) -> bytes:
    try:
        from onnx import helper
    except ImportError as error:
        raise ImportError(
            "export needs onnx. Install it with: pip install 'pynn-mlp[onnx]'"
        ) from error
    plan = model._plan()
    w = _GraphWriter("float64" if plan.outputs[0].dtype == "float64" else "float32")
    rows = []
    for name, tensor in zip(model.input_names, plan.inputs, strict=True):
        w.declare(w.inputs, name, tensor)
        rows.append(name if tensor.dtype == w.dtype.name else w.cast(name))
    found = write_network(w, plan, rows)
    for name, tensor, value in zip(model.output_names, plan.outputs, found, strict=True):
        w.declare(w.outputs, f"{name}:output" if name in model.input_names else name, tensor)
        w.cast_to(value, w.kind_of(tensor.dtype), to=w.outputs[-1].name)
    graph = helper.make_graph(w.nodes, model.name, w.inputs, w.outputs, w.constants)
    made = helper.make_model(
        graph,
        producer_name="pynn",
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=_IR_VERSION,
    )
    content: bytes = made.SerializeToString()
    return content


class _GraphWriter:
    """Collects the nodes and constants of one graph.

    Parameters
    ----------
    dtype : str
        What the network computes in.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def kind_of(self, dtype: Any) -> int:
        """Return ONNX's number of a type."""
        from onnx import helper

        kind: int = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return kind

    def declare(self, among: list[Any], name: str, tensor: Tensor) -> None:
        """Add an input or output, with any number of rows."""
        from onnx import helper

        shape = ["rows" if n is None and not i else n for i, n in enumerate(tensor.shape)]
        among.append(helper.make_tensor_value_info(name, self.kind_of(tensor.dtype), shape))

    def _constant(self, array: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"/constant_{len(self.constants)}"  # no layer's name, which has no slash
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def integers(self, values: Sequence[int]) -> str:
        """Return the name of whole numbers: a shape, or axes."""
        return self._constant(np.array(values, np.int64))

    def node(self, operator: str, *inputs: Any, to: str | None = None, **attributes: Any) -> str:
        """Add a node with one output, named `to` if that is given, and return its name."""
        from onnx import helper

        output = to or f"/{operator.lower()}_{len(self.nodes)}"
        names = [
            x if isinstance(x, str) else self._constant(np.asarray(x, self.dtype)) for x in inputs
        ]
        self.nodes.append(helper.make_node(operator, names, [output], **attributes))
        return output

    def cast(self, x: str) -> str:
        """Return `x` in the type that the network computes in."""
        return self.cast_to(x, self.kind_of(self.dtype))

    def cast_to(self, x: str, kind: int, to: str | None = None) -> str:
        """Return `x` in another of ONNX's types."""
        from onnx import helper

        output = to or f"/cast_{len(self.nodes)}"
        self.nodes.append(helper.make_node("Cast", [x], [output], to=kind))
        return output

    def erf(self, x: str) -> str:
        """Return the error function of `x`, in float: ONNX Runtime has no other."""
        single = self.kind_of("float32")
        return self.cast(self.node("Erf", self.cast_to(x, single)))
