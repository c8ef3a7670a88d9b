"""From the outputs of an ONNX graph back to its inputs, and the network between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import layers
from pynn._allocation import weights_limited_to
from pynn._files import file_errors, noted
from pynn.formats.onnx_reader import _axes, _entries, _products, _scikit_learn, _shapes
from pynn.formats.onnx_reader._call import Call, Sizes
from pynn.formats.onnx_reader._file import OnnxFile, Tensors, open_onnx
from pynn.ops import Tensor

_OPERATORS = {
    key: read
    for file in (_entries, _axes, _shapes, _products, _scikit_learn)
    for key, read in file.OPERATORS.items()
}
# Types of ONNX: of outputs that are labels beside others, and of inputs.
_LABELS = {3, 5, 6, 7, 8, 9, 12, 13, 2, 4}
_INPUTS = {1: "float32", 10: "float32", 16: "float32", 11: "float64", 6: "int32", 7: "int64"}
_INPUTS |= {2: "uint8", 3: "int8", 5: "int16", 9: "bool"}


def read_onnx(source: Any) -> tuple[list[Tensor], list[Tensor], list[str]]:
    """Return the inputs and outputs of the network in a file, and the outputs' names.

    See `pynn.models.from_onnx`.
    """
    file = open_onnx(source)
    with file_errors(file.name, "network"):
        tensors = Tensors(file)
        with weights_limited_to(4 * tensors.numbers + 4096):
            return _Walk(file, tensors).network()


class _Walk:
    def __init__(self, file: OnnxFile, tensors: Tensors) -> None:
        self._graph = file.graph
        self._tensors = tensors
        self._version = file.version
        self._stored = {each.name: each for each in file.graph.initializer}
        if file.graph.sparse_initializer:
            raise ValueError("sparse tensors cannot be read")
        self._makers = {name: node for node in file.graph.node for name in node.output if name}
        self._readers: dict[str, list[Any]] = {}
        for node in file.graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._outside = {each.name for each in file.graph.output}
        self._values: dict[str, Any] = {"": None}
        self._rows: int | None = None  # where the file fixes their number

    def network(self) -> tuple[list[Tensor], list[Tensor], list[str]]:
        inputs = [
            self._declare(each) for each in self._graph.input if each.name not in self._stored
        ]
        if not inputs:
            raise ValueError("the graph has no inputs")
        names = self._wanted_outputs()
        self._compute(names)
        outputs = []
        for name in names:
            value = self._values[name]
            if not isinstance(value, Tensor):
                raise ValueError(f"output {name!r:.80} does not depend on the inputs")
            if not value.shape or value.shape[0] is not None:
                raise ValueError(
                    f"output {name!r:.80} must have a row for each row of the inputs. "
                    f"Received: shape {value.shape}"
                )
            outputs.append(value)
        return inputs, outputs, names

    def _wanted_outputs(self) -> list[str]:
        """Return the outputs, without labels and maps where there are others."""
        kinds = {}
        for each in self._graph.output:
            maker = self._makers.get(each.name)
            is_map = not each.type.HasField("tensor_type") and each.type.WhichOneof("value")
            if is_map and maker is not None and maker.op_type == "ZipMap":
                kinds[maker.input[0]] = 1
            else:
                kinds[each.name] = each.type.tensor_type.elem_type
        numbers = [name for name, kind in kinds.items() if kind not in _LABELS]
        return numbers or list(kinds)

    def _declare(self, given: Any) -> Tensor:
        kind = given.type.tensor_type
        if kind.elem_type not in _INPUTS:
            raise ValueError(
                f"input {given.name!r:.80} must hold numbers. "
                f"Received: ONNX's type {kind.elem_type}"
            )
        sizes = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
        row = sizes[1:]
        if None in row and len(row) == 1:
            row = [self._width_of(given.name)]
        if not row or any(n is None or n < 1 for n in row):
            raise ValueError(
                f"input {given.name!r:.80} must have rows of known shape. Received: shape "
                f"{['?' if n is None else n for n in sizes]}"
            )
        if sizes[0] is not None:
            self._rows = sizes[0]
        dtype = _INPUTS[kind.elem_type]
        dtype = self._tensors.dtype if dtype.startswith("float") else dtype
        name = "".join(c if c.isalnum() or c in "_-." else "_" for c in given.name)
        tensor: Tensor = layers.Input(tuple(row), dtype=dtype, name=name.strip("_.-") or None)
        self._values[given.name] = tensor
        return tensor

    def _width_of(self, name: str) -> int | None:
        """Return what a matrix that the input meets says of its width."""
        met: set[str] = set()
        while name not in met:
            met.add(name)
            for node in self._readers.get(name, ()):
                if node.op_type in ("Cast", "Identity", "Sub", "Div", "Scaler"):
                    name = node.output[0]
                    break
                if node.op_type in ("MatMul", "Gemm") and node.input[1] in self._stored:
                    transposed = any(a.name == "transB" and a.i for a in node.attribute)
                    return int(self._stored[node.input[1]].dims[1 if transposed else 0])
        return None

    def _compute(self, wanted: list[str]) -> None:
        """Compute values, each after those that it needs, without recursion."""
        pending = [(name, False) for name in reversed(wanted)]
        begun: set[str] = set()
        while pending:
            name, ready = pending.pop()
            if name in self._values:
                continue
            if name in self._stored:
                self._values[name] = self._tensors.array(self._stored[name])
                continue
            node = self._makers.get(name)
            if node is None:
                raise ValueError(f"the graph has no value {name!r:.80}")
            if ready:
                self._run(node)
            elif name in begun:
                raise ValueError(f"value {name!r:.80} depends on itself")
            else:
                begun.add(name)
                pending.append((name, True))
                pending.extend((x, False) for x in reversed(node.input) if x not in self._values)

    def _run(self, node: Any) -> None:
        """Compute a node's outputs."""
        domain = "" if node.domain == "ai.onnx" else node.domain
        read = _OPERATORS.get((domain, node.op_type))
        called = f"node {node.name!r:.80}" if node.name else "a node"
        if read is None:
            where = f" of {domain}" if domain else ""
            raise ValueError(
                f"the operator {node.op_type!r}{where} cannot be read ({called}): there are dense "
                "layers, activations, normalizations and arithmetic here, and no convolutions, "
                "recurrences or branches"
            )
        call = Call(node, [self._values[x] for x in node.input], self._tensors, self._version)
        call.rows = self._rows
        call.bias_reader = self._bias_after(node)
        with noted(f"the operator {node.op_type!r}, {called}"):
            made = read(call)
        found = list(made) if isinstance(made, (list, tuple)) else [made]
        for name, value in zip(node.output, found, strict=False):
            if isinstance(value, np.generic):
                value = np.asarray(value)
            if isinstance(value, Sizes) and -1 not in value:
                value = np.asarray(value)  # of which the rows are no part
            if isinstance(value, np.ndarray) and not isinstance(value, Sizes):
                value = self._tensors.converted(value)
            self._values[name] = value
        for name in node.output[len(found) :]:
            if name:
                self._values[name] = None
        if call.absorbed is not None:
            self._values[call.absorbed] = found[0]

    def _bias_after(self, node: Any) -> tuple[str, np.ndarray] | None:
        """Return the sum that adds a bias to a product, and the bias, if only the sum reads it."""
        if node.op_type != "MatMul" or len(node.output) != 1 or node.output[0] in self._outside:
            return None
        readers = self._readers.get(node.output[0], [])
        if len(readers) != 1 or readers[0].op_type != "Add" or len(readers[0].output) != 1:
            return None
        others = [x for x in readers[0].input if x != node.output[0]]
        if len(others) != 1:
            return None
        if others[0] in self._stored:
            return readers[0].output[0], self._tensors.array(self._stored[others[0]])
        value = self._values.get(others[0])
        maker = self._makers.get(others[0])
        if maker is not None and maker.op_type == "Constant" and value is None:
            self._run(maker)
            value = self._values[others[0]]
        if isinstance(value, np.ndarray) and not isinstance(value, Sizes):
            return readers[0].output[0], value
        return None
