"""`OnnxGraph`: an ONNX model under construction. What is in it is not known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pynn import _core
from pynn._files import write_atomically
from pynn._onnx import ONNX_TYPES, OnnxWriter
from pynn._optional import needed

OPSET = 17
_IR_VERSION = 8  # of that opset: newer ones are not read by runtimes of its time
_ML_VERSION = 3  # of the operators for labels and texts


def checked_opset(opset: Any) -> int:
    """Return the version of ONNX's operators to write, `OPSET` for None.

    Raises
    ------
    ValueError
        If it is no integer from 13 on.
    """
    if opset is None:
        return OPSET
    if isinstance(opset, bool) or not isinstance(opset, int) or opset < 13:
        raise ValueError(f"opset_version must be an integer from 13 on. Received: {opset!r}")
    return opset


class OnnxGraph(OnnxWriter):
    """Collects nodes, constants, inputs and outputs, and makes a file of them.

    Parameters
    ----------
    dtype : str
        What the network computes in.
    opset : int

    Raises
    ------
    ImportError
        If the package ``onnx`` is not installed.
    """

    def __init__(self, dtype: Any, opset: int) -> None:
        with needed("export", "onnx", '"pynn-mlp[onnx]"'):
            import onnx
        super().__init__(dtype, opset)
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._known: dict[tuple[Any, ...], str] = {}  # small constants are kept once

    def add_constant(self, kind: int, shape: tuple[int, ...], values: Any) -> str:
        """Add a constant of ONNX's type, and return its name."""
        is_text = isinstance(values, list)
        content = values if is_text else values.tobytes()
        key = (kind, shape, repr(content)) if len(values) <= 16 else None
        if key is not None and key in self._known:
            return self._known[key]
        name = f"/constant_{len(self._constants)}"  # no layer's name, which has no slash
        make = self._onnx.helper.make_tensor
        self._constants.append(make(name, kind, shape, content, raw=not is_text))
        if key is not None:
            self._known[key] = name
        return name

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int = 1,
        output: str | None = None,
        **attributes: Any,
    ) -> list[str]:
        """Add a node and return the names of its outputs, the first of which is `output`."""
        stem = f"/{operator.lower()}_{len(self._nodes)}"
        names = [output or stem, *(f"{stem}_{i}" for i in range(1, outputs))]
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, names, **attributes))
        return names

    def declare_input(self, name: str, dtype: str, shape: Sequence[Any]) -> str:
        """Add an input, with any number of rows, and return its name."""
        self._inputs.append(self._value_info(name, dtype, shape))
        return name

    def declare_output(self, name: str, value: str, dtype: str, shape: Sequence[Any]) -> None:
        """Give what has been written to the outside, by a name of its own."""
        taken = {each.name for each in (*self._inputs, *self._outputs)}
        name = f"{name}:output" if name in taken else name
        self._outputs.append(self._value_info(name, dtype, shape))
        self.add("Identity", [value], output=name)

    def _value_info(self, name: str, dtype: str, shape: Sequence[Any]) -> Any:
        sizes = ["rows" if n is None and not i else n for i, n in enumerate(shape)]
        return self._onnx.helper.make_tensor_value_info(name, ONNX_TYPES[dtype], sizes)

    def save(self, filepath: Any, name: str, metadata: Mapping[str, str]) -> None:
        """Write the file, once ONNX's checker has passed it.

        Parameters
        ----------
        filepath : path-like, int or binary file
        name : str
            Of the graph.
        metadata : mapping of str to str
            What the file says beside the graph; pynn's version is added.
        """
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)
        domains = [("", self.opset), ("ai.onnx.ml", _ML_VERSION)]
        used = {node.domain for node in self._nodes} | {""}
        imports = [helper.make_opsetid(*each) for each in domains if each[0] in used]
        newer = self.opset > OPSET
        made = helper.make_model(
            graph,
            producer_name="pynn",
            producer_version=_core.__version__,
            opset_imports=imports,
            ir_version=helper.find_min_ir_version_for(imports) if newer else _IR_VERSION,
        )
        save_onnx(made, filepath, metadata)


def save_onnx(made: Any, filepath: Any, metadata: Mapping[str, str]) -> None:
    """Write a ``ModelProto`` with metadata, once ONNX's checker has passed it."""
    from onnx import checker, helper

    helper.set_model_props(made, {"pynn_version": _core.__version__, **metadata})
    checker.check_model(made)
    content: bytes = made.SerializeToString()
    write_atomically(filepath, lambda file: file.write(content))
