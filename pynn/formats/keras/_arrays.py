"""The arrays and texts of an HDF5 file; and the package that writes such files.

What a layer is, is not known here.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._files import FileError, OpenFile
from pynn._optional import needed
from pynn.formats.keras._hdf5 import MALFORMED, Hdf5Structure

if TYPE_CHECKING:
    from pynn.ops import Weight


class Hdf5Arrays:
    """What is in an open HDF5 file.

    Parameters
    ----------
    file : OpenFile

    Attributes
    ----------
    shapes : dict of str to tuple of int
        Of the arrays of numbers, by path.
    name : str
        Of the file, for messages.

    Raises
    ------
    FileError
        If the file is damaged, or has a part that Keras does not write.
    """

    def __init__(self, file: OpenFile) -> None:
        self.name = file.name
        with self._errors():
            self._structure = Hdf5Structure(file)
        self.shapes = {path: array.shape for path, array in self._structure.arrays.items()}
        if sum(a.dtype.itemsize * math.prod(a.shape) for a in self._structure.arrays.values()) > (
            file.size
        ):
            raise FileError(file.name, "is refused: its arrays are larger than the file")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise what damaged bytes lead to as a `FileError`."""
        try:
            yield
        except FileError:
            raise
        except MALFORMED as error:
            raise FileError(self.name, f"is no valid HDF5 file: {error}") from error

    @property
    def count(self) -> int:
        """How many numbers the arrays hold."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def read(self, path: str) -> np.ndarray:
        """Return an array."""
        with self._errors():
            return self._structure.read(path)

    def fits(self, path: str, weight: Weight) -> bool:
        """Whether an array is there in a weight's shape, but for axes of size 1."""
        shape = self.shapes.get(path)
        return shape == weight.shape or (
            shape is not None and tuple(n for n in shape if n != 1) == weight.shape
        )

    def has_group(self, path: str) -> bool:
        """Whether there is a group at `path`."""
        return path.strip("/") in self._structure.groups

    def text(self, group: str, attribute: str) -> str | None:
        """Return a text among a group's attributes, None if there is none."""
        found = self.texts(group, attribute)
        return found[0] if found else None

    def texts(self, group: str, attribute: str) -> list[str] | None:
        """Return a list of texts among a group's attributes, which long ones divide among some."""
        with self._errors():
            known = self._structure.attributes(group)
            parts = [known[attribute]] if attribute in known else []
            while attribute not in known and f"{attribute}{len(parts)}" in known:
                parts.append(known[f"{attribute}{len(parts)}"])
            return [text.decode() for part in parts for text in part] if parts else None


def hdf5_bytes(write: Callable[[Any], None]) -> bytes:
    """Return the HDF5 file that a function fills.

    Raises
    ------
    ImportError
        If h5py is not installed.
    """
    with needed("writing files of Keras", "h5py", '"pynn-mlp[keras-files]"'):
        import h5py
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()
