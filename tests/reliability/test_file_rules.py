"""Loading opens one file to read, and does nothing else that leaves the process.

Python notifies audit hooks of every file that is opened, module that is imported, code that is
compiled or run, process, socket and so on. Libraries written in C open files without that, so the
kernel is asked about those (inotify).
"""

from __future__ import annotations

import ctypes
import io
import os
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn.models import load_model
from pynn.saving import FileError
from reliability.children import result_of
from saving import hostile

pytestmark = pytest.mark.filterwarnings("ignore")

# What happens in memory alone, and the look at a file's type before it is opened.
HARMLESS = {"object.__getattr__", "object.__setattr__", "sys._getframe", "builtins.id"}
FILES = Path(__file__).resolve().parents[1] / "saving"
IN_OPEN = 0x20


def kinds(folder: Path) -> Iterator[tuple[Path, Callable[[Path], Any]]]:
    """Write files, honest and hostile; yield each with what reads it."""
    weighted = hostile.trained()
    for path in sorted([*FILES.glob("data/*"), *FILES.glob("files/*")]):
        if path.suffix in (".pynn", ".keras", ".h5"):
            yield path, load_model
            yield path, pynn.load
            yield path, weighted.load_weights
    made = [
        ("pynn", hostile.models(), [load_model, weighted.load_weights]),
        ("pynn", hostile.estimators(), [pynn.load]),
        ("keras", hostile.keras_files(), [load_model]),
        ("h5", [*hostile.hdf5_files(), *elsewhere(folder)], [load_model, weighted.load_weights]),
    ]
    for group, (ending, files, readers) in enumerate(made):
        for number, (_, content) in enumerate(files):
            if number % 4 and ending != "h5" or len(content) > 100_000:
                continue  # the same code, in less time
            path = folder / f"{group}-{number}.{ending}"
            path.write_bytes(content)
            for read in readers:
                yield path, read


def elsewhere(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield HDF5 files whose arrays are in another file, in `folder`."""
    import h5py

    other = folder / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = np.zeros(1000, "f4")
    content = (hostile.DATA / "old_sequential.h5").read_bytes()
    kernel = "model_weights/dense/dense/kernel:0"

    def linked(file: Any) -> None:
        file[kernel] = h5py.ExternalLink(str(other), "secret")

    def outside(file: Any) -> None:
        file.create_dataset(kernel, (4, 8), "f4", external=[(str(other), 0, 128)])

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout((4, 8), "f4")
        layout[0] = h5py.VirtualSource(str(other), "secret", (1000,))[:8]
        file.create_virtual_dataset(kernel, layout)

    def group(file: Any) -> None:
        del file["model_weights/dense"]
        file["model_weights/dense"] = h5py.ExternalLink(str(other), "/")

    for change in (linked, outside, virtual, group):
        buffer = io.BytesIO(content)
        with h5py.File(buffer, "r+") as file:
            if change is not group:
                del file[kernel]
            change(file)
        yield change.__name__, buffer.getvalue()


def watched(folder: Path) -> Callable[[], int]:
    """Return a function that says how often the other file was opened since it was last asked."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(descriptor, os.fsencode(folder / "other.h5"), IN_OPEN) >= 0

    def opened() -> int:
        try:
            return len(os.read(descriptor, 65536)) // struct.calcsize("iIII")
        except BlockingIOError:
            return 0

    return opened


def events(folder: Path) -> tuple[int, dict[str, int], int]:
    """Return how many loads there were, what they did beside, and how many were refused."""
    import warnings

    warnings.simplefilter("ignore")
    files = list(kinds(folder))
    others_opened = watched(folder)
    found: Counter[str] = Counter()
    present: list[Path] = []

    def note(event: str, args: tuple) -> None:
        if not present or event in HARMLESS:
            return
        if event == "open" and str(args[0]) == str(present[0]) and "r" in (args[1] or ""):
            found["opened"] += 1
            return
        path = present.pop()  # repr might raise events of its own
        found[f"{event} {args!r:.60} by {path.name}"] += 1
        present.append(path)

    refused = 0
    for passes in range(2):  # in the first, what is needed is imported
        if passes:
            sys.addaudithook(note)
        for path, read in files:
            present[:] = [path]
            try:
                read(path)
            except FileError:
                refused += passes
            present.clear()
    opened = found.pop("opened")
    if others := others_opened():
        found["another file opened by a library"] = others
    assert opened <= len(files), "a file was opened twice"
    return len(files), dict(found), refused


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked as Linux is")
def test_loading_opens_one_file_and_does_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    loads, found, refused = result_of(events, tmp_path)
    assert found == {}
    assert loads > 700
    assert refused > 400
