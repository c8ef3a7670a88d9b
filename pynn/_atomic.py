"""Writing a file so that its path holds the old content or the new one, never a part of either."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from typing import BinaryIO

# Characters that the temporary file has of the file's own name, which may be as long as names get.
_KEPT_OF_NAME = 40


def write_atomically(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Write a file by way of a temporary one in the same directory.

    Parameters
    ----------
    path : str
    write : callable
        Gets the open temporary file, which can be read back and sought in.

    Raises
    ------
    OSError
        If the directory is missing or cannot be written to; what `path` held stays.
    """
    path = os.path.realpath(path)
    directory, name = os.path.split(path)
    prefix = f".{name[:_KEPT_OF_NAME]}."
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=directory)
    except FileNotFoundError:  # which names the temporary file
        raise FileNotFoundError(errno.ENOENT, "No such folder to write to", directory) from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _permissions(path))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync_directory(directory)


def _permissions(path: str) -> int:
    """Return the permissions of the file that is there, or those that a new file gets."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _sync_directory(directory: str) -> None:
    """Make the new name last as well, where directories can be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
