"""MNIST-shaped image sets: the IDX format, Keras's .npz, and the checks that both must pass.

Which files belong to which data set, and where they come from, is said in that set's own module.
A local copy need not be the published archive byte for byte (Debian compresses the files anew), so
what is checked here is the content: magic numbers, sizes, and how often each label occurs.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

Split = tuple[np.ndarray, np.ndarray]

#: IDX files of one data set: images and labels for training, images and labels to test.
IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_SHAPES = ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read an IDX file of unsigned bytes, plain or gzipped.

    Source: the format is described at the head of the MNIST page of LeCun, Cortes and Burges: two
    zero bytes, 8 for unsigned bytes, the number of dimensions, each dimension as a big-endian
    32-bit integer, then the data.

    Parameters
    ----------
    path : Path
        The file; gzipped if its name ends in ``.gz``.
    shape : tuple of int
        The shape that the file must have.

    Returns
    -------
    ndarray of uint8
        The data, writable, of shape ``shape``.

    Raises
    ------
    ValueError
        If the file is damaged or holds something else.
    """
    header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    size = len(header) + int(np.prod(shape))
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(size + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if content[: len(header)] != header:
        raise ValueError(
            f"{path} must be an IDX file of unsigned bytes of shape {shape}, starting with the "
            f"bytes {header.hex(' ')}. Received: {content[: len(header)].hex(' ')}"
        )
    if len(content) != size:
        received = len(content) if len(content) < size else f"at least {len(content)}"
        raise ValueError(f"{path} must hold {size} bytes. Received: {received}")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape).copy()


def read_idx_folder(folder: Path, histograms: Sequence[Sequence[int]]) -> tuple[Split, Split]:
    """Read the four IDX files of ``folder``; see `check_images` for ``histograms``."""
    arrays = [read_idx(idx_path(folder, n), s) for n, s in zip(IDX_NAMES, _SHAPES, strict=True)]
    return check_images(str(folder), arrays, histograms)


def idx_path(folder: Path, name: str) -> Path:
    """Return the path of an IDX file in ``folder``: gzipped, or plain where only that exists."""
    plain = folder / name.removesuffix(".gz")
    return plain if plain.is_file() and not (folder / name).is_file() else folder / name


def has_idx_files(folder: Path) -> bool:
    """Say whether ``folder`` has all four IDX files, gzipped or plain."""
    return all(idx_path(folder, name).is_file() for name in IDX_NAMES)


def read_npz(path: Path, histograms: Sequence[Sequence[int]]) -> tuple[Split, Split]:
    """Read an archive as Keras caches it: x_train, y_train, x_test, y_test. Pickles are refused."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = [archive[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise ValueError(
            f"{path} must be an .npz archive with x_train, y_train, x_test and y_test. "
            f"Received: {error}"
        ) from error
    return check_images(str(path), arrays, histograms)


def check_images(
    where: str, arrays: Sequence[np.ndarray], histograms: Sequence[Sequence[int]]
) -> tuple[Split, Split]:
    """Check types, shapes and label counts, and pair the arrays up.

    Parameters
    ----------
    where : str
        The file or folder, for messages.
    arrays : sequence of four ndarrays
        Training images and labels, test images and labels.
    histograms : two sequences of int
        How often each label must occur in the training and in the test set. This is what tells
        MNIST from Fashion-MNIST, whose files have the same names and sizes.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``.

    Raises
    ------
    ValueError
        If any check fails.
    """
    for name, array, shape in zip(IDX_NAMES, arrays, _SHAPES, strict=True):
        if array.shape != shape or array.dtype != np.uint8:
            what = name.split("-idx")[0]
            raise ValueError(
                f"{what} in {where} must be uint8 of shape {shape}. "
                f"Received: {array.dtype} of shape {array.shape}"
            )
    x_train, y_train, x_test, y_test = arrays
    for labels, expected in zip((y_train, y_test), histograms, strict=True):
        counts = np.bincount(labels, minlength=len(expected)).tolist()
        if counts != list(expected):
            raise ValueError(
                f"The labels in {where} must occur {list(expected)} times. Received: {counts}"
            )
    return (x_train, y_train), (x_test, y_test)
