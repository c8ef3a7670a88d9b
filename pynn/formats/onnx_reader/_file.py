"""An ONNX file as bytes and tensors. Nothing is believed: sizes are checked before they count."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from pynn._files import opened
from pynn._optional import needed

_MOST_NODES = 100_000
# Beside the tensors of a file, what its constants may be made into.
_LEAST_BUDGET = 2**22


class OnnxFile(NamedTuple):
    """A file's graph.

    Attributes
    ----------
    graph : onnx.GraphProto
    folder : str or None
        Where its external data may lie.
    name : str
        For messages.
    version : int
        Of the operators.
    """

    graph: Any
    folder: str | None
    name: str
    version: int


def open_onnx(source: Any) -> OnnxFile:
    """Parse what `pynn.models.from_onnx` is given.

    Raises
    ------
    ImportError
        If the package ``onnx`` is not installed.
    ValueError
        If it is no ONNX model.
    """
    with needed("from_onnx", "onnx", '"pynn-mlp[onnx]"'):
        import onnx
    folder, name = None, "the ONNX model"
    if isinstance(source, onnx.ModelProto):
        made = source
    else:
        if isinstance(source, (bytes, bytearray, memoryview)):
            content = bytes(source)
        else:
            if isinstance(source, (str, os.PathLike)):
                folder = os.path.dirname(os.path.realpath(source))
            with opened(source) as file:
                name, content = file.name, file.stream.read()
        made = onnx.ModelProto()
        try:
            made.ParseFromString(content)
        except Exception as error:  # of protobuf, whose class depends on its version
            raise ValueError(f"{name} is no ONNX model: {error}") from None
    if not made.graph.node and not made.graph.output:
        raise ValueError(f"{name} is no ONNX model, or an empty one")
    if made.functions:
        from onnx import inliner

        made = inliner.inline_local_functions(made)
    if len(made.graph.node) > _MOST_NODES:
        raise ValueError(f"{name} has {len(made.graph.node)} nodes, more than {_MOST_NODES}")
    versions = {each.domain: each.version for each in made.opset_import}
    return OnnxFile(made.graph, folder, name, versions.get("", versions.get("ai.onnx", 1)))


class Tensors:
    """Reads the tensors of a file, as float32 or float64, int64, bool or texts.

    Parameters
    ----------
    file : OnnxFile

    Attributes
    ----------
    dtype : str
        In which the network computes.
    budget : int
        Numbers that constants may have which are computed.
    """

    def __init__(self, file: OnnxFile) -> None:
        self._file = file
        tensors = [*file.graph.initializer, *_attributes_of(file.graph)]
        given = [each.type.tensor_type.elem_type for each in file.graph.input]
        doubles = 11 in given or not {1, 10, 16}.intersection(given)
        doubles = doubles and any(t.data_type == 11 for t in tensors if math.prod(t.dims) > 1)
        self.dtype = "float64" if doubles else "float32"
        self.numbers = sum(self._checked_size(each) for each in tensors)
        self.budget = max(_LEAST_BUDGET, 4 * self.numbers)

    def _checked_size(self, tensor: Any) -> int:
        """Return how many numbers a tensor has, for which it has to have as many bytes."""
        size = math.prod(tensor.dims)
        if any(n < 0 for n in tensor.dims):
            raise ValueError(f"tensor {tensor.name!r:.80} has a negative size")
        if tensor.data_location != 1:
            held = len(tensor.raw_data) * 8 or sum(
                len(getattr(tensor, field))
                for field in ("float_data", "int32_data", "int64_data", "double_data")
            ) + len(tensor.uint64_data) + len(tensor.string_data)
            if size > held:
                raise ValueError(
                    f"tensor {tensor.name!r:.80} of shape {tuple(tensor.dims)} has too little data"
                )
        return size

    def array(self, tensor: Any) -> np.ndarray:
        """Return a tensor's numbers.

        Raises
        ------
        ValueError
            If its data is not of its size, of a type that is not read, or lies elsewhere.
        """
        from onnx import TensorProto, numpy_helper

        if tensor.data_location == TensorProto.EXTERNAL:
            copy = TensorProto()
            copy.CopyFrom(tensor)
            copy.ClearField("external_data")
            copy.data_location = TensorProto.DEFAULT
            copy.raw_data = self._external(tensor)
            tensor = copy
        return self.converted(np.asarray(numpy_helper.to_array(tensor)))

    def converted(self, array: np.ndarray) -> np.ndarray:
        """Return an array in one of the types that constants have here."""
        kind = array.dtype.kind
        if kind in "iu":
            return array.astype(np.int64)
        if kind in "bOSU":
            return array
        if kind == "c":
            raise ValueError("complex numbers cannot be read")
        return array.astype(self.dtype)  # ml_dtypes' kinds among them

    def _external(self, tensor: Any) -> bytes:
        """Return a tensor's bytes in a file beside the model's."""
        from onnx import helper

        said = {each.key: each.value for each in tensor.external_data}
        location, folder = said.get("location", ""), self._file.folder
        if folder is None:
            raise ValueError(
                f"the data of tensor {tensor.name!r:.80} is in another file, which is read only "
                "where the model is given as a path"
            )
        path = os.path.realpath(os.path.join(folder, location))
        if not location or os.path.isabs(location) or os.path.dirname(path) != folder:
            raise ValueError(
                f"the data of tensor {tensor.name!r:.80} must lie beside the model's file. "
                f"Received: {location!r:.80}"
            )
        width = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        length, offset = math.prod(tensor.dims) * width, int(said.get("offset", 0))
        with opened(path) as file:
            if offset < 0 or offset + length > file.size:
                raise ValueError(
                    f"tensor {tensor.name!r:.80} is larger than its file {location!r:.80}"
                )
            file.stream.seek(offset)
            return file.stream.read(length)


def _attributes_of(graph: Any) -> Iterator[Any]:
    """Yield the tensors that nodes hold."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
