"""A disk that is full, broken or slow, at every write, sync and renaming of everything that writes.

What fails is an OSError of that number, the file that was there stays as it was, nothing is left
over, and the same call does its work once the disk does. A write that takes only a part is gone on
with.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import callbacks, layers
from pynn.models import load_model
from reliability.faults import Disk, failing

X = np.random.default_rng(0).standard_normal((24, 300)).astype("float32")
Y = X[:, 0] * X[:, 1]


def model() -> Any:
    pynn.utils.set_random_seed(1)
    # Arrays longer than a buffer, so that there are several writes.
    made = pynn.Sequential([pynn.Input((300,)), layers.Dense(30, "relu"), layers.Dense(1)])
    made.compile(loss="mse", optimizer="adam")
    return made


def estimator() -> Any:
    return pynn.Perceptron(max_iter=2, tol=None).fit(X, Y > 0)


def read_weights(path: Path) -> Any:
    made = model()
    made.load_weights(path)
    return made


# What saves -> the object, the method, the name of the file, what reads it.
SAVED: dict[str, tuple[Callable[[], Any], str, str, Callable[[Path], Any]]] = {
    "model": (model, "save", "m.pynn", load_model),
    "model for Keras": (model, "save", "m.keras", load_model),
    "weights": (model, "save_weights", "m.weights.pynn", read_weights),
    "estimator": (estimator, "save", "e.pynn", pynn.load),
}
ERRORS = [errno.ENOSPC, errno.EIO]


def numbers(thing: Any) -> list[np.ndarray]:
    return thing.get_weights() if hasattr(thing, "get_weights") else [thing.coef_]


def operations(act: Callable[[], Any]) -> range:
    """Return the numbers of the disk's operations in an act."""
    disk = Disk()
    with failing(disk):
        act()
    assert disk.operations > 0
    return range(disk.operations)


@pytest.mark.parametrize("what", SAVED)
def test_saving(what: str, tmp_path: Path) -> None:
    make, method, name, read = SAVED[what]
    thing, path = make(), tmp_path / name
    save = getattr(thing, method)
    for place in operations(lambda: save(path)):
        for error in ERRORS:
            path.write_bytes(b"old")
            with failing(Disk(place, error)), pytest.raises(OSError) as raised:
                save(path)
            assert raised.value.errno == error
            # After the last renaming only the directory is synced: the new file is there.
            if path.read_bytes() != b"old":
                assert place == operations(lambda: save(path))[-1]
            assert [p.name for p in tmp_path.iterdir()] == [name]
        with failing(Disk(place)):  # writes by halves
            save(path)
        for one, other in zip(numbers(thing), numbers(read(path)), strict=True):
            np.testing.assert_array_equal(one, other)


class Halves(io.RawIOBase):
    """A file without a buffer that takes a part of what it is given, as pipes do."""

    def __init__(self) -> None:
        super().__init__()
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(memoryview(data).cast("B"))[:1000]
        self.content += part
        return len(part)


@pytest.mark.parametrize("what", SAVED)
def test_saving_to_a_file_without_a_buffer(what: str, tmp_path: Path) -> None:
    make, method, name, read = SAVED[what]
    thing, file = make(), Halves()
    if name.endswith(".keras"):
        return  # a path's ending asks for it
    getattr(thing, method)(file)
    assert not file.closed
    (tmp_path / name).write_bytes(file.content)
    for one, other in zip(numbers(thing), numbers(read(tmp_path / name)), strict=True):
        np.testing.assert_array_equal(one, other)


LISTENERS: dict[str, Callable[[Path], Any]] = {
    "ModelCheckpoint": lambda folder: callbacks.ModelCheckpoint(folder / "m.pynn"),
    "BackupAndRestore": lambda folder: callbacks.BackupAndRestore(
        folder / "backup", delete_checkpoint=False
    ),
    "CSVLogger": lambda folder: callbacks.CSVLogger(folder / "log.csv", append=True),
    "TensorBoard": lambda folder: callbacks.TensorBoard(folder / "logs", histogram_freq=1),
}


@pytest.mark.parametrize("name", LISTENERS)
def test_callbacks(name: str, tmp_path: Path) -> None:
    """An error ends `fit`, after which the model trains on; with a backup, to the same bits."""
    if name == "TensorBoard":
        pytest.importorskip("tensorboard")

    def train(trained: Any, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        given = [LISTENERS[name](folder)]
        trained.fit(X, Y, epochs=2, shuffle=False, verbose=0, callbacks=given)

    whole = model()
    train(whole, tmp_path / "whole")
    places = operations(lambda: train(model(), tmp_path / "counted"))
    for place in places:
        folder, error, broken = tmp_path / str(place), ERRORS[place % 2], model()
        with failing(Disk(place, error)), pytest.raises(OSError) as raised:
            train(broken, folder)
        assert raised.value.errno == error
        assert not list(folder.rglob(".*.tmp"))
        assert np.isfinite(broken.predict(X, verbose=0)).all()
        again = model()
        train(again, folder)
        for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
        folder = tmp_path / f"{place} by halves"
        with failing(Disk(place)):
            train(model(), folder)
        for path in (tmp_path / "whole").rglob("*.csv"):
            assert (folder / path.name).read_bytes() == path.read_bytes()


def test_a_log_goes_on_in_a_line_of_its_own(tmp_path: Path) -> None:
    """A disk that was full has left a part of a line."""
    path = tmp_path / "log.csv"
    model().fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path)])
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines)[:-5])
    model().fit(X, Y, epochs=1, verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)])
    assert path.read_text().splitlines()[-1] == lines[1]
