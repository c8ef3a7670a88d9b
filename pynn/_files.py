"""Opening what is loaded, `FileError`, which is raised where it cannot be read, and writing.

Messages name the file, the place in it and what was found there, and quote little of it. A path
that is written to holds the old content or the new one, never a part of either.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


class MissingFileError(FileNotFoundError, ValueError):
    """There is no such file: to Keras a ValueError, to everybody else a FileNotFoundError."""


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


# By what is saved: endings of other formats than pynn's own, and what to say where it is none.
_ENDINGS = {
    "model": ((".h5", ".hdf5", ".keras"), ".pynn, .keras or .h5, which say the format"),
    "weights": ((".h5", ".hdf5"), ".pynn or .weights.h5, which say the format"),
    "estimator": ((), ".pynn"),
}


def check_ending(path: str, saved: str) -> str:
    """Return the ending of a path that a "model", its "weights" or an "estimator" is saved to.

    Raises
    ------
    ValueError
        If it is that of another format.
    """
    ending = os.path.splitext(path)[1].lower()
    others, known = _ENDINGS[saved]
    if ending in ("", ".pynn", ".safetensors", *others):
        return ending
    raise ValueError(f"filepath must end in {known}. Received: {path!r}")


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
    source : path-like, int, binary file or OpenFile
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
    if isinstance(source, OpenFile):
        yield source
    elif isinstance(source, io.RawIOBase):  # may give a part of what it is asked for
        buffered = io.BufferedReader(source)
        try:
            yield _given(buffered)
        finally:
            buffered.detach()
    elif hasattr(source, "read"):
        yield _given(source)
    elif isinstance(source, int) and not isinstance(source, bool):
        with os.fdopen(source, "rb", closefd=False) as stream:
            yield _given(stream)
    else:
        path = os.fsdecode(source)
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError as error:
            raise MissingFileError(error.errno, error.strerror, path) from None
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


# ---- writing

# Characters that the temporary file has of the file's own name, which may be as long as names get.
_KEPT_OF_NAME = 40
# Seconds after which a temporary file is taken for one whose process was killed: much longer than
# a disk lets a write wait.
_ABANDONED = 3600.0


class _WholeWrites:
    """An unbuffered file, which may take a part of what it is given, but here takes all.

    Python's own buffer would close the caller's file where a write fails.
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: Any) -> int:
        size = memoryview(content).nbytes
        left = memoryview(content).cast("B") if size else b""
        while left:
            taken = self._file.write(left)
            if taken is None:
                raise BlockingIOError(errno.EAGAIN, "the file takes nothing without waiting")
            left = left[taken:]
        return size


def write_atomically(target: Any, write: Callable[[BinaryIO], object]) -> None:
    """Write a file by way of a temporary one in the same directory.

    A path that leads to a device or a pipe is written to as it is, and so is what the caller has
    opened. Temporary files that killed processes have left for the same path are removed.

    Parameters
    ----------
    target : path-like, int or binary file
        An integer is a descriptor.
    write : callable
        Gets the file to write to, from its beginning to its end.

    Raises
    ------
    OSError
        If the directory is missing or cannot be written to; what a path held stays.
    TypeError
        If `target` is a file of text, or none of these.
    """
    if isinstance(target, io.TextIOBase):
        raise TypeError("a file must be opened in binary mode, as by open(path, 'wb')")
    if hasattr(target, "write"):
        given: Any = _WholeWrites(target) if isinstance(target, io.RawIOBase) else target
        write(given)
        return
    if isinstance(target, int) and not isinstance(target, bool):
        with os.fdopen(target, "wb", closefd=False) as file:
            write(file)
        return
    path = os.fsdecode(target)
    mode = _mode(path)
    if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        with open(path, "wb") as file:
            write(file)
        return
    _replace(os.path.realpath(path), mode, write)


def _mode(path: str) -> int | None:
    """Return type and permissions of what is at a path, None if that is nothing."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _replace(path: str, mode: int | None, write: Callable[[BinaryIO], object]) -> None:
    import tempfile  # here, as most programs save nothing

    directory, name = os.path.split(path)
    prefix = f".{name[:_KEPT_OF_NAME]}."
    _remove_abandoned(directory, prefix)
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=directory)
    except FileNotFoundError:  # which names the temporary file
        raise FileNotFoundError(errno.ENOENT, "No such folder to write to", directory) from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask() if mode is None else mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):  # an interrupt may come when it has its new name already
            os.unlink(temporary)
        raise
    _sync_directory(directory)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove_abandoned(directory: str, prefix: str) -> None:
    """Remove temporary files of that prefix that nobody has written to for long."""
    ours = re.compile(rf"{re.escape(prefix)}[a-z0-9_]{{8}}\.tmp")  # as mkstemp names them
    with suppress(OSError):
        for name in filter(ours.fullmatch, os.listdir(directory)):
            path = os.path.join(directory, name)
            with suppress(FileNotFoundError):
                if time.time() - os.lstat(path).st_mtime > _ABANDONED:
                    os.unlink(path)


def _sync_directory(directory: str) -> None:
    """Make the new name last as well, where directories can be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
