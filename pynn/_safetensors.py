"""The container of pynn's files, which is the safetensors format: a JSON header, then arrays.

Layout: 8 bytes, the header's length (little-endian, unsigned); the header, a JSON object with
``{"dtype", "shape", "data_offsets": [begin, end]}`` for each array and strings in
``__metadata__``; the arrays, C-contiguous and little-endian, without gaps. The metadata say what
kind of file of pynn it is; what is in one of that kind is not known here.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from pynn import _core
from pynn._files import FileError, write_atomically
from pynn._json import parse

MODEL, WEIGHTS, ESTIMATOR = "pynn-model", "pynn-weights", "pynn-estimator"
_VERSION = 1
_TYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
_NAMES = {np.dtype(code): name for name, code in _TYPES.items()}
_METADATA = "__metadata__"
_LONGEST_HEADER = 8_000_000  # bytes: enough for some ten thousand layers
_LARGEST_RANK = 32


def write(file: BinaryIO, metadata: Mapping[str, str], tensors: Mapping[str, np.ndarray]) -> None:
    """Write arrays, in their order.

    Parameters
    ----------
    file : binary file
    metadata : mapping of str to str
    tensors : mapping of str to ndarray

    Raises
    ------
    ValueError
        If the header would be too long to be read again.
    """
    header: dict[str, Any] = {_METADATA: dict(metadata)}
    offset = 0
    for name, array in tensors.items():
        header[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header).encode()
    if len(text) > _LONGEST_HEADER:
        raise ValueError(
            f"what describes the arrays would take {len(text)} bytes, and a file may have "
            f"{_LONGEST_HEADER} bytes of that"
        )
    text += b" " * (-len(text) % 8)  # so that arrays are aligned
    file.write(struct.pack("<Q", len(text)))
    file.write(text)
    for array in tensors.values():
        ordered = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        file.write(ordered.reshape(-1).view(np.uint8).data)


def save(
    target: Any, kind: str, metadata: Mapping[str, str], tensors: Mapping[str, np.ndarray]
) -> None:
    """Write a file of pynn's, of the kind `MODEL`, `WEIGHTS` or `ESTIMATOR`.

    Parameters
    ----------
    target : path-like, int or binary file
        See `write_atomically`.
    kind : str
    metadata, tensors : mapping
        See `write`.
    """
    known = {"format": kind, "format_version": str(_VERSION), "pynn_version": _core.__version__}
    write_atomically(target, lambda file: write(file, {**known, **metadata}, tensors))


class SafetensorsFile:
    """An open safetensors file whose header was checked against the file's size.

    Parameters
    ----------
    file : binary file
    name : str
        For messages.
    size : int, default=None
        Bytes in the file; None asks the operating system.

    Attributes
    ----------
    metadata : dict of str to str
    shapes : dict of str to tuple of int
        Of the arrays.

    Raises
    ------
    FileError
        If it is not such a file, is cut short, or its sizes contradict each other.
    """

    def __init__(self, file: BinaryIO, name: str, size: int | None = None) -> None:
        self._file = file
        self.name = name
        size = os.fstat(file.fileno()).st_size if size is None else size
        start = file.read(8)
        if len(start) < 8:
            raise self._broken(f"it has {size} bytes, less than the shortest one")
        (length,) = struct.unpack("<Q", start)
        if length > min(size - 8, _LONGEST_HEADER):
            raise self._broken(f"its header would be {length} bytes long, and it has {size}")
        header = parse(file.read(length), name, "its header")
        if not isinstance(header, dict):
            raise self._broken("its header is not a JSON object")
        self._data = 8 + length
        self.metadata = self._checked_metadata(header.pop(_METADATA, {}))
        self._entries: dict[str, tuple[np.dtype, tuple[int, ...], int]] = {}
        spans = []
        for key, entry in header.items():
            begin, end = self._add(key, entry, size - self._data)
            spans.append((begin, end))
        position = 0
        for begin, end in sorted(spans):
            if begin != position:
                raise self._broken("its arrays overlap, or leave gaps")
            position = end
        if position != size - self._data:
            raise self._broken(
                f"its arrays take {position} bytes, and {size - self._data} follow the header"
            )
        self.shapes = {key: shape for key, (_, shape, _) in self._entries.items()}

    def kind(self) -> str:
        """Return `MODEL`, `WEIGHTS` or `ESTIMATOR`.

        Raises
        ------
        FileError
            If it is none of pynn's files, or of a later version.
        """
        kind = self.metadata.get("format")
        if kind not in (MODEL, WEIGHTS, ESTIMATOR):
            raise FileError(
                self.name,
                f"is a safetensors file, but not one of pynn's: its format is {kind!r:.80}",
            )
        version = self.metadata.get("format_version", "")
        if not version.isdecimal() or int(version[:9]) > _VERSION:
            raise FileError(
                self.name,
                f"is of format version {version!r:.20}; this pynn reads versions up to {_VERSION}",
            )
        return kind

    def read(self, key: str) -> np.ndarray:
        """Return an array.

        Raises
        ------
        FileError
            If there is none of that name.
        """
        if key not in self._entries:
            raise self._broken(f"the array {key!r} is missing")
        dtype, shape, begin = self._entries[key]
        array = np.empty(shape, dtype)
        self._file.seek(self._data + begin)
        left = array.reshape(-1).view(np.uint8).data
        while left:
            count = self._file.readinto(left)  # type: ignore[attr-defined]
            if not count:
                raise self._broken("it became shorter while it was read")
            left = left[count:]
        return array.astype(dtype.newbyteorder("="), copy=False)

    def _checked_metadata(self, metadata: Any) -> dict[str, str]:
        if not isinstance(metadata, dict) or not all(
            isinstance(value, str) for value in metadata.values()
        ):
            raise self._broken("its metadata are not strings")
        return metadata

    def _add(self, key: str, entry: Any, available: int) -> tuple[int, int]:
        try:
            code, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
            numbers = [begin, end, *shape]
            known = isinstance(code, str) and code in _TYPES
        except (TypeError, KeyError, ValueError) as error:
            raise self._broken(f"the entry of array {key!r} is malformed") from error
        if (
            not known
            or len(shape) > _LARGEST_RANK
            or not all(type(n) is int and n >= 0 for n in numbers)
        ):
            raise self._broken(f"the entry of array {key!r} is malformed: {entry!r:.200}")
        dtype = np.dtype(_TYPES[code])
        if end > available or end - begin != math.prod(shape) * dtype.itemsize:
            raise self._broken(
                f"array {key!r} of shape {tuple(shape)} and type {code} lies at {begin}:{end} of "
                f"{available} bytes"
            )
        self._entries[key] = (dtype, tuple(shape), begin)
        return begin, end

    def _broken(self, why: str) -> FileError:
        return FileError(self.name, f"is no valid pynn file: {why}")
