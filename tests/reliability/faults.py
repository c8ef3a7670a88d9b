"""A disk that fails: what Python writes, syncs and renames inside goes wrong at a chosen moment."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Disk:
    """Counts operations, and lets one and all after it fail.

    Parameters
    ----------
    fails_at : int, default=None
        The number of the first operation that fails, counted from 0.
    error : int, default=0
        The errno that it fails with; 0 writes half of what is given and says so.

    Attributes
    ----------
    operations : int
        How many there were.
    """

    def __init__(self, fails_at: int | None = None, error: int = 0) -> None:
        self.fails_at = fails_at
        self.error = error
        self.operations = 0

    def write(self, write: Callable[[Any], int], data: Any) -> int:
        """Write, wholly or in part."""
        data = memoryview(data).cast("B")
        if not self._fails() or len(data) < 2:
            return write(data)
        written = write(data[: len(data) // 2])
        if self.error:  # as a disk that is full: a part of it is there
            raise OSError(self.error, os.strerror(self.error))
        return written

    def other(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Sync or rename."""
        if self._fails() and self.error:
            raise OSError(self.error, os.strerror(self.error))
        return function(*args, **kwargs)

    def _fails(self) -> bool:
        number = self.operations
        self.operations += 1
        return self.fails_at is not None and number >= self.fails_at


class _File(io.FileIO):
    """A file on a disk that fails."""

    disk: Disk

    def write(self, data: Any) -> int:
        return self.disk.write(super().write, data)


@contextmanager
def failing(disk: Disk) -> Iterator[None]:
    """Let files that are opened for writing inside lie on that disk."""
    real_open = builtins.open

    def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if not set(mode) & set("wax+"):
            return real_open(file, mode, *args, **kwargs)
        raw = _File(file, mode.replace("b", "").replace("t", ""), kwargs.get("closefd", True))
        raw.disk = disk
        buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, kwargs.get("encoding"), newline=kwargs.get("newline"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "open", opened)
        patch.setattr(os, "fdopen", opened)
        for name in ("fsync", "replace"):
            real = getattr(os, name)
            patch.setattr(os, name, lambda *a, real=real, **k: disk.other(real, *a, **k))
        yield
