"""Files that are open already, descriptors, devices and pipes are saved to and loaded from."""

from __future__ import annotations

import errno
import gc
import io
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import pynn
from pynn.models import load_model, save_model
from pynn.saving import FileError, load_weights, save_weights

X = np.random.default_rng(0).standard_normal((20, 4))
Y = X[:, 0] > 0


def model() -> Any:
    made = pynn.MLP(3, 1, input_shape=4)
    made.compile(loss="mse", optimizer="adam")
    made.fit(X, Y, verbose=0)
    return made


def read_weights(source: Any) -> Any:
    made = pynn.MLP(3, 1, input_shape=4)
    load_weights(made, source)
    return made


class Kind(NamedTuple):
    """What is saved and loaded, and how."""

    make: Callable[[], Any]
    save: Callable[[Any, Any], None]
    load: Callable[[Any], Any]
    numbers: Callable[[Any], list[np.ndarray]]


KINDS = {
    "model": Kind(model, save_model, load_model, lambda m: m.get_weights()),
    "weights": Kind(model, save_weights, read_weights, lambda m: m.get_weights()),
    "estimator": Kind(
        lambda: pynn.Perceptron().fit(X, Y),
        lambda estimator, target: estimator.save(target),
        pynn.load,
        lambda estimator: [estimator.coef_, estimator.intercept_],
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def assert_alike(kind: Kind, one: Any, other: Any) -> None:
    for a, b in zip(kind.numbers(one), kind.numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_in_memory(kind: Kind) -> None:
    made, buffer = kind.make(), io.BytesIO(b"before")
    buffer.seek(6)
    kind.save(made, buffer)
    assert not buffer.closed
    buffer.seek(6)
    assert_alike(kind, made, kind.load(buffer))
    assert not buffer.closed


def test_an_open_file_and_its_descriptor(kind: Kind, tmp_path: Path) -> None:
    made = kind.make()
    ways: list[Callable[[Any], Any]] = [lambda file: file, lambda file: file.fileno()]
    for way in ways:
        with (tmp_path / "x").open("wb") as file:
            kind.save(made, way(file))
            assert not file.closed
        with (tmp_path / "x").open("rb") as file:
            assert_alike(kind, made, kind.load(way(file)))
            assert not file.closed


class InParts(io.FileIO):
    """An unbuffered file that writes, or reads, no more than a part of what it is asked for."""

    left = 10**9  # bytes of the disk

    def write(self, content: Any) -> int:
        part = memoryview(content).cast("B")[: min(500, self.left)]
        if not part:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= len(part)
        return super().write(part)

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[:500]) or 0

    def read(self, size: int | None = -1) -> bytes:
        return super().read(-1 if size is None or size < 0 else min(size, 500)) or b""


def test_an_unbuffered_file(kind: Kind, tmp_path: Path) -> None:
    made = kind.make()
    with InParts(str(tmp_path / "x"), "w") as file:
        kind.save(made, file)
        assert not file.closed
    with InParts(str(tmp_path / "x"), "r") as file:
        assert_alike(kind, made, kind.load(file))
        assert not file.closed


def test_an_unbuffered_file_that_is_full_stays_open(kind: Kind, tmp_path: Path) -> None:
    made = kind.make()
    with InParts(str(tmp_path / "x"), "w") as file:
        file.left = 600
        with pytest.raises(OSError, match="No space left"):
            kind.save(made, file)
        gc.collect()
        assert not file.closed


def test_a_pipe(kind: Kind) -> None:
    made = kind.make()
    reader, writer = os.pipe()

    def save() -> None:
        try:
            kind.save(made, writer)
        finally:
            os.close(writer)

    thread = threading.Thread(target=save)
    thread.start()
    try:
        assert_alike(kind, made, kind.load(reader))
    finally:
        thread.join()
        os.close(reader)


def test_a_device_stays_a_device(kind: Kind) -> None:
    kind.save(kind.make(), "/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(FileError, match="/dev/null is a device"):
        kind.load("/dev/null")


def test_a_file_of_text(kind: Kind, tmp_path: Path) -> None:
    for text in (io.StringIO(), (tmp_path / "x").open("w+")):
        with text:
            with pytest.raises(TypeError, match="opened in binary mode"):
                kind.save(kind.make(), text)
            with pytest.raises(TypeError, match="opened in binary mode"):
                kind.load(text)


def test_files_of_keras_that_are_open() -> None:
    pytest.importorskip("h5py")
    path = Path(__file__).resolve().parent / "data" / "nested.keras"
    found = load_model(io.BytesIO(path.read_bytes()))
    for a, b in zip(found.get_weights(), load_model(path).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with path.with_suffix(".h5").open("rb") as file:
        assert load_model(file).count_params() == found.count_params()
