"""Where data files may lie, and the error that says so. Reading and downloading are elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


class DatasetNotFoundError(FileNotFoundError):
    """A data set is neither on this machine nor could it be downloaded.

    The message lists the places that were searched, the reason why each download failed, and what
    to install or which file to put where.
    """


def cache_dir() -> Path:
    """Return the folder that downloads go to: ``$XDG_CACHE_HOME/pynn``, or ``~/.cache/pynn``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "pynn"


def data_dirs() -> list[Path]:
    """Return the folders to search, first choice first; they need not exist.

    These are ``PYNN_DATA_DIR`` (if set), Keras's cache ``~/.keras/datasets`` (``KERAS_HOME`` moves
    it, as for Keras) and pynn's own cache.
    """
    keras_home = os.environ.get("KERAS_HOME")
    dirs = [(Path(keras_home) if keras_home else Path.home() / ".keras") / "datasets", cache_dir()]
    if own := os.environ.get("PYNN_DATA_DIR"):
        dirs.insert(0, Path(own).expanduser())
    return dirs


def local_file(path: str, others: Sequence[str] = ()) -> Path | None:
    """Return the local file that ``path`` means, or None where there is none.

    Parameters
    ----------
    path : str
        An absolute path, or a name relative to the folders of `data_dirs`.
    others : sequence of str
        Names to look for as well, after ``path`` in each folder. Folders come first in order: a
        file in ``PYNN_DATA_DIR`` wins over any cached one.

    Raises
    ------
    DatasetNotFoundError
        If ``path`` is absolute and there is no such file.
    """
    absolute = Path(path).expanduser()
    if absolute.is_absolute():
        if not absolute.is_file():
            raise DatasetNotFoundError(f"path must name an existing file. Received: path={path!r}")
        return absolute
    for folder in data_dirs():
        for name in (path, *others):
            if (folder / name).is_file():
                return folder / name
    return None


def not_found(
    what: str, searched: Sequence[Path], failures: Sequence[str], advice: str
) -> DatasetNotFoundError:
    """Return the error that says where a data set was looked for, and what to do."""
    lines = [f"{what} was not found on this machine and could not be downloaded.", "Searched:"]
    lines += [f"  {path}" for path in searched]
    lines.append("Downloads that failed:")
    lines += [f"  {failure}" for failure in failures]
    return DatasetNotFoundError("\n".join([*lines, advice]))
