"""Fetching files into the cache, checked by size and SHA-256. They are not read here."""

from __future__ import annotations

import hashlib
import http.client
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pynn._files import write_atomically
from pynn.datasets._locate import cache_dir, data_dirs, not_found

_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class RemoteFile:
    """A published file: its addresses in order of preference, its exact size and its SHA-256."""

    urls: tuple[str, ...]
    size: int
    sha256: str


def download(remote: RemoteFile, target: Path) -> list[str]:
    """Download ``remote`` to ``target`` unless every address fails.

    The file is checked before it gets that name, so that a broken transfer never leaves something
    that looks like data.

    Parameters
    ----------
    remote : RemoteFile
        What to fetch.
    target : Path
        Where it goes; parent folders are made.

    Returns
    -------
    list of str
        Empty on success, otherwise one line per address saying what went wrong.
    """
    failures = []
    for url in remote.urls:
        try:
            _fetch(url, remote, target)
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{url}: {error}")
        else:
            return []
    return failures


def downloaded(what: str, name: str, remote: RemoteFile, searched: Sequence[str]) -> Path:
    """Download a file into the cache, and return its path there.

    Parameters
    ----------
    what : str
        What the data set is called.
    name : str
        What the file is to be called.
    remote : RemoteFile
    searched : sequence of str
        The paths in `data_dirs` at which there was no such file.

    Raises
    ------
    DatasetNotFoundError
        If every address fails; it says where to put the file.
    """
    target = cache_dir() / name
    if failures := download(remote, target):
        advice = (
            f"Put {name} ({remote.urls[0]}) into one of these folders, for instance as {target}, "
            "or name its folder in PYNN_DATA_DIR."
        )
        places = [folder / path for folder in data_dirs() for path in searched]
        raise not_found(what, places, failures, advice)
    return target


def _fetch(url: str, remote: RemoteFile, target: Path) -> None:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
        target.parent.mkdir(parents=True, exist_ok=True)
        print(f"Downloading {url} ({remote.size / 1e6:.1f} MB) to {target}", file=sys.stderr)
        # One byte too many is enough to know that the file is not the one expected.
        content = response.read(remote.size + 1)
    if len(content) != remote.size:
        raise OSError(f"the file must have {remote.size} bytes. Received: {len(content)}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != remote.sha256:
        raise OSError(f"the file's SHA-256 must be {remote.sha256}. Received: {digest}")
    write_atomically(target, lambda file: file.write(content))
