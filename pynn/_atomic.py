"""Writing a file so that its path holds the old content or the new one, never a part of either."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

# Characters that the temporary file has of the file's own name, which may be as long as names get.
_KEPT_OF_NAME = 40
# Seconds after which a temporary file is taken for one whose process was killed: much longer than
# a disk lets a write wait.
_ABANDONED = 3600.0


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
        write(target)
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
