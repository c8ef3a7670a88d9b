"""Opening what is loaded, and `FileError`, which is raised where it cannot be read.

Messages name the file, the place in it and what was found there, and quote little of it.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

QUOTED = 200  # characters of a file that a message shows at most
_LONGEST = 1500  # of a message of pynn's own, such as one that lists all layers
_LONG_TEXT = re.compile(rf"'([^']{{{QUOTED},}})'")


class FileError(ValueError):
    """A file cannot be read: it is damaged, of another kind or version, or asks for too much.

    Parameters
    ----------
    file : str
        Its path, or what else a message is to call it.
    problem : str
        The rest of the sentence that begins with `file`.
    place : str, default=None
        Where in the file it was found.

    Attributes
    ----------
    file : str
    place : str or None
    """

    def __init__(self, file: str, problem: str, place: str | None = None) -> None:
        super().__init__(file, problem, place)
        self.file = file
        self.place = place
        where = "" if place is None else f" (in {place:.{QUOTED}})"
        self._message = f"{file} {_shortened(problem)}{where}"

    def __str__(self) -> str:
        return self._message


@contextmanager
def file_errors(file: str, holds: str) -> Iterator[None]:
    """Raise whatever goes wrong inside as a `FileError`.

    Errors of the operating system, and packages that are missing, stay what they are.

    Parameters
    ----------
    file : str
    holds : str
        What the file should hold: ``"model"``.
    """
    try:
        yield
    except (OSError, ImportError, MemoryError, Warning):
        raise
    except Exception as error:
        if isinstance(error, FileError) and error.file == file:
            raise
        kind = "" if type(error) in (ValueError, FileError) else f"{type(error).__name__}: "
        place = ", ".join(getattr(error, "__notes__", ())) or None
        raise FileError(file, f"holds no usable {holds}: {kind}{error}", place) from error


@contextmanager
def noted(place: str) -> Iterator[None]:
    """Note on what is raised inside that it was found in `place`, for `file_errors` to say."""
    try:
        yield
    except Exception as error:
        error.add_note(place)
        raise


def _shortened(text: str) -> str:
    """Return a message that shows only the beginnings of long texts and values."""
    if len(text) > _LONGEST:
        return f"{text[:QUOTED]}..."
    first, received, value = text.partition("Received: ")
    first = _LONG_TEXT.sub(lambda found: f"'{found[1][:QUOTED]}...'", first)
    return f"{first}{received}{value[:QUOTED]}"


class OpenFile(NamedTuple):
    """A file that is being loaded."""

    stream: BinaryIO  # at its beginning; can be sought in
    name: str  # for messages
    size: int  # in bytes


@contextmanager
def opened(source: Any) -> Iterator[OpenFile]:
    """Open what is to be loaded; what the caller has opened is left open.

    Parameters
    ----------
    source : path-like, int or binary file
        An integer is a descriptor. A file is read from where it stands to its end.

    Raises
    ------
    FileError
        If it is a directory, or a path leads to a device, a socket or a pipe.
    OSError
        If it cannot be opened.
    TypeError
        If it is a file of text, or none of these.
    """
    if hasattr(source, "read"):
        yield _given(source)
    elif isinstance(source, int) and not isinstance(source, bool):
        with os.fdopen(source, "rb", closefd=False) as stream:
            yield _given(stream)
    else:
        path = os.fsdecode(source)
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise FileError(
                path,
                "is a directory. TensorFlow's SavedModel format is not supported; save the model "
                "as .keras or .h5",
            )
        if not stat.S_ISREG(mode):
            raise FileError(path, "is a device, a socket or a pipe; give load the file opened")
        with open(path, "rb") as stream:
            yield OpenFile(stream, path, os.fstat(stream.fileno()).st_size)


def _given(stream: Any) -> OpenFile:
    if isinstance(stream, io.TextIOBase):
        raise TypeError("a file must be opened in binary mode, as by open(path, 'rb')")
    name = str(getattr(stream, "name", "the file"))
    if not (stream.seekable() and stream.tell() == 0):  # what zip and HDF5 files count from
        stream = io.BytesIO(stream.read())
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return OpenFile(stream, name, size)
