"""The arrays and attributes of an HDF5 file, read so that nothing outside of it is touched.

What Keras does not write is refused before it is read: arrays in other files, in chunks or behind
filters, groups nested deep, and heaps in which the HDF5 library would not come to an end. What a
layer is, is not known here.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._files import FileError, OpenFile

if TYPE_CHECKING:
    from pynn.ops import Weight

_MOST_TEXT = 8_000_000  # bytes that an attribute may hold
_DEEPEST = 64  # groups within each other; a model within a model takes two


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
        Of the arrays of numbers, by path.
    name : str

    Raises
    ------
    FileError
        If an array lies outside of the file, or is compressed or larger than the file.
    """

    def __init__(self, file: Any, size: int, name: str) -> None:
        h5py = require_h5py()
        self.name = name
        self._size = size
        self._arrays: dict[str, Any] = {}
        self._groups: dict[str, Any] = {"": file}
        self.shapes: dict[str, tuple[int, ...]] = {}

        def visit(path: str, found: Any) -> None:  # only what is in the file itself comes here
            if path.count("/") > _DEEPEST:
                raise FileError(name, f"is refused: its groups are nested deeper than {_DEEPEST}")
            if isinstance(found, h5py.Dataset):
                self._arrays[path] = found
            elif isinstance(found, h5py.Group):
                self._groups[path] = found

        with self._errors():
            file.visititems(visit)
            total = 0
            for path, array in self._arrays.items():
                made = array.id.get_create_plist()
                if made.get_external_count() or array.is_virtual:
                    raise FileError(name, f"is refused: array {path!r} lies in another file")
                if made.get_nfilters() or made.get_layout() == h5py.h5d.CHUNKED:
                    raise FileError(name, f"is refused: array {path!r} is in chunks or compressed")
                if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8 or array.shape is None:
                    continue
                wanted = math.prod(array.shape) * array.dtype.itemsize
                total += wanted
                if array.id.get_storage_size() < wanted or total > size:
                    raise FileError(
                        name,
                        f"is refused: array {path!r} of shape {array.shape} is incomplete or "
                        "larger than the file",
                    )
                self.shapes[path] = array.shape

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise what h5py raises as a `FileError`."""
        try:
            yield
        except (FileError, MemoryError):
            raise
        except Exception as error:
            raise FileError(self.name, f"is no valid HDF5 file: {error}") from error

    @property
    def count(self) -> int:
        """How many numbers the arrays hold."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def read(self, path: str) -> np.ndarray:
        """Return an array."""
        with self._errors():
            return np.asarray(self._arrays[path][()])

    def fits(self, path: str, weight: Weight) -> bool:
        """Whether an array is there in a weight's shape, but for axes of size 1."""
        shape = self.shapes.get(path)
        return shape == weight.shape or (
            shape is not None and tuple(n for n in shape if n != 1) == weight.shape
        )

    def has_group(self, path: str) -> bool:
        """Whether there is a group at `path`."""
        return path.strip("/") in self._groups

    def text(self, group: str, attribute: str) -> str | None:
        """Return a text among a group's attributes, None if there is none."""
        value = self._attribute(group, attribute)
        if isinstance(value, bytes):
            return value.decode()
        return value if isinstance(value, str) else None

    def texts(self, group: str, attribute: str) -> list[str] | None:
        """Return a list of texts among a group's attributes, which long ones divide among some."""
        found = self._attribute(group, attribute)
        parts = [] if found is None else [found]
        while found is None:
            part = self._attribute(group, f"{attribute}{len(parts)}")
            if part is None:
                break
            parts.append(part)
        if not parts:
            return None
        values = [value for part in parts for value in list(part)]
        return [value.decode() if isinstance(value, bytes) else str(value) for value in values]

    def _attribute(self, group: str, attribute: str) -> Any:
        """Return an attribute of a group, None if there is none."""
        attributes: Any = self._groups[group].attrs if group in self._groups else {}
        if attribute not in attributes:
            return None
        with self._errors():
            found = attributes.get_id(attribute)
            count = math.prod(found.shape or ())
            # Of texts of any length each may be all the same one, as long as the file.
            one = self._size if found.dtype.kind == "O" else found.dtype.itemsize
            if count * one > (_MOST_TEXT if count > 1 else max(self._size, _MOST_TEXT)):
                raise FileError(
                    self.name, f"is refused: attribute {attribute!r} holds {count} long texts"
                )
            return attributes[attribute]


@contextmanager
def open_arrays(file: OpenFile) -> Iterator[Hdf5Arrays]:
    """Open an HDF5 file.

    Raises
    ------
    FileError
        If the file is damaged or refused.
    ImportError
        If h5py is not installed.
    """
    h5py = require_h5py()
    try:
        opened = h5py.File(file.stream, "r")
    except Exception as error:  # of any kind, where the file is damaged
        raise FileError(file.name, f"is no valid HDF5 file: {error}") from error
    with opened:
        yield Hdf5Arrays(opened, file.size, file.name)


def hdf5_bytes(write: Callable[[Any], None]) -> bytes:
    """Return the HDF5 file that a function fills."""
    h5py = require_h5py()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()
