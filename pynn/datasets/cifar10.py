"""CIFAR-10: 60,000 small colour pictures in ten classes. Where its files are, and their format."""

from __future__ import annotations

import pickletools
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from pynn.datasets._download import RemoteFile, downloaded
from pynn.datasets._images import Split
from pynn.datasets._locate import data_dirs

__all__ = ["class_names", "load_data"]
__dir__ = __all__.copy

#: What the labels 0 to 9 stand for.
class_names: tuple[str, ...] = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

_FOLDER = "cifar-10-batches-py"
_NAMES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
_PICTURES = 10_000  # of a batch
_PIXELS = (3, 32, 32)  # of a picture: red, green and blue planes
# Where Keras and pynn keep the archive, and Keras what was in it.
_FOLDERS = (_FOLDER, f"{_FOLDER}-target/{_FOLDER}")
_ARCHIVES = ("cifar-10-python.tar.gz", f"{_FOLDER}.tar.gz", f"{_FOLDER}-target.tar.gz")
_PUBLISHED = RemoteFile(
    ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    170498071,
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
_KEYS = frozenset(("batch_label", "labels", "data", "filenames"))


def load_data() -> tuple[Split, Split]:
    """Load CIFAR-10.

    The folder ``cifar-10-batches-py``, or the archive ``cifar-10-python.tar.gz`` that has it, is
    looked for in ``$PYNN_DATA_DIR``, ``~/.keras/datasets`` and ``~/.cache/pynn``. Otherwise the
    archive is downloaded to pynn's cache, 170 MB.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray of uint8
        50,000 pictures to train with and 10,000 to test with, each 32 by 32 with red, green and
        blue from 0 to 255, of shape ``(n, 32, 32, 3)``, and their labels, see `class_names`, of
        shape ``(n, 1)``. A dense network takes pictures flattened.

    Raises
    ------
    DatasetNotFoundError
        If the data is not on this machine and cannot be downloaded; a `FileNotFoundError` that
        says which file to put where.
    ValueError
        If a file that was found is damaged or is not CIFAR-10.

    References
    ----------
    A. Krizhevsky: "Learning Multiple Layers of Features from Tiny Images", 2009.

    Examples
    --------
    >>> from pynn.datasets import cifar10
    >>> (x_train, y_train), (x_test, y_test) = cifar10.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_test.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (10000, 1))
    """
    batches = _read(_find())
    images, labels = (np.concatenate(parts) for parts in zip(*batches[:-1], strict=True))
    return (images, labels), batches[-1]


def _find() -> Path:
    """Return the folder or the archive, downloaded where there is none."""
    names = (*_FOLDERS, *_ARCHIVES)
    for place in (folder / name for folder in data_dirs() for name in names):
        if place.is_file() or (place / _NAMES[-1]).is_file():
            return place
    return downloaded("CIFAR-10", _ARCHIVES[0], _PUBLISHED, names)


def _read(place: Path) -> list[Split]:
    most = 2 * _PICTURES * int(np.prod(_PIXELS))  # bytes; a batch's file is a little over half
    contents = []
    try:
        if place.is_dir():
            for name in _NAMES:
                with (place / name).open("rb") as file:
                    contents.append(file.read(most))
        else:
            with tarfile.open(place) as archive:
                for name in _NAMES:
                    member = archive.extractfile(f"{_FOLDER}/{name}")
                    contents.append(b"" if member is None else member.read(most))
    except (tarfile.TarError, EOFError, zlib.error, KeyError, FileNotFoundError) as error:
        raise ValueError(f"{place} is damaged or has not all batches: {error}") from error
    found = zip(_NAMES, contents, strict=True)
    return [_read_batch(f"{name} in {place}", content) for name, content in found]


def _read_batch(where: str, content: bytes) -> Split:
    """Read a pickled dictionary of pictures, one a row, and labels.

    Its instructions are read one by one, and none is done: what else a file has does nothing.
    """
    key, pixels = "", b""
    labels: list[Any] = []
    try:
        for instruction, value, _ in pickletools.genops(content):
            if isinstance(value, str):
                value = value.encode("latin-1")  # texts of Python 2 are bytes
            if isinstance(value, bytes):
                if value.decode("latin-1") in _KEYS:
                    key = value.decode("latin-1")
                elif key == "data" and len(value) > len(pixels):
                    pixels = value
            elif key == "labels" and instruction.name.startswith("BININT"):
                labels.append(value)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{where} is damaged: {error}") from error
    shape = (_PICTURES, *_PIXELS)
    if len(pixels) != np.prod(shape) or sorted(set(labels)) != [*range(len(class_names))]:
        raise ValueError(
            f"{where} must have pictures of shape {shape} and labels from 0 to 9. "
            f"Received: {len(pixels)} pixels and the labels {sorted(set(labels))[:20]}"
        )
    if len(labels) != _PICTURES:
        raise ValueError(f"{where} must have {_PICTURES} labels. Received: {len(labels)}")
    images = np.frombuffer(pixels, np.uint8).reshape(shape).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(labels, np.uint8)[:, None]
