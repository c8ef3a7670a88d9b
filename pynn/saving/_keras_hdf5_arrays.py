"""The arrays and attributes of an HDF5 file, read so that nothing outside of it is touched.

Links to other files, arrays stored elsewhere and compressed arrays are refused. What a layer is, is
not known here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np


def require_h5py() -> Any:
    """Return the module h5py.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "files of Keras are read and written with h5py, which is not installed: "
            "pip install h5py"
        ) from error
    return h5py


class Hdf5Arrays:
    """What is in an open HDF5 file.

    Parameters
    ----------
    file : h5py.File
    size : int
        Bytes of the file, which the arrays must not exceed.
    name : str
        For messages.

    Attributes
    ----------
    shapes : dict of str to tuple of int
        Of the arrays, by path.

    Raises
    ------
    ValueError
        If an array lies outside of the file, or is compressed or larger than the file.
    """

    def __init__(self, file: Any, size: int, name: str) -> None:
        h5py = require_h5py()
        self._file = file
        self._name = name
        self._arrays: dict[str, Any] = {}
        self._groups: dict[str, Any] = {"": file}

        def visit(path: str, found: Any) -> None:  # only what is in the file itself comes here
            if isinstance(found, h5py.Dataset):
                self._arrays[path] = found
            elif isinstance(found, h5py.Group):
                self._groups[path] = found

        file.visititems(visit)
        total = 0
        for path, array in self._arrays.items():
            if array.external or array.is_virtual:
                raise ValueError(f"{name} is refused: array {path!r} lies in another file")
            if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8 or array.shape is None:
                continue
            wanted = math.prod(array.shape) * array.dtype.itemsize
            total += wanted
            if array.id.get_storage_size() < wanted or total > size:
                raise ValueError(
                    f"{name} is refused: array {path!r} of shape {array.shape} is compressed, "
                    "incomplete or larger than the file"
                )
        self.shapes = {
            path: array.shape
            for path, array in self._arrays.items()
            if array.dtype.kind in "fiu" and array.dtype.itemsize <= 8 and array.shape is not None
        }

    @property
    def count(self) -> int:
        """How many numbers the arrays hold."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def read(self, path: str) -> np.ndarray:
        """Return an array."""
        return np.asarray(self._arrays[path][()])

    def has_group(self, path: str) -> bool:
        """Whether there is a group at `path`."""
        return path.strip("/") in self._groups

    def text(self, group: str, attribute: str) -> str | None:
        """Return a text among a group's attributes, None if there is none."""
        value = self._groups[group].attrs.get(attribute)
        if isinstance(value, bytes):
            return value.decode()
        return value if isinstance(value, str) else None

    def texts(self, group: str, attribute: str) -> list[str] | None:
        """Return a list of texts among a group's attributes, which long ones divide among some."""
        if group not in self._groups:
            return None
        attributes = self._groups[group].attrs
        if attribute in attributes:
            values = list(attributes[attribute])
        elif f"{attribute}0" in attributes:
            values, i = [], 0
            while f"{attribute}{i}" in attributes:
                values.extend(attributes[f"{attribute}{i}"])
                i += 1
        else:
            return None
        return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


@contextmanager
def open_arrays(file: BinaryIO, size: int, name: str) -> Iterator[Hdf5Arrays]:
    """Open an HDF5 file of `size` bytes.

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If the file is damaged or refused.
    """
    h5py = require_h5py()
    try:
        with h5py.File(file, "r") as opened:
            yield Hdf5Arrays(opened, size, name)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"{name} is no valid HDF5 file: {error}") from error
