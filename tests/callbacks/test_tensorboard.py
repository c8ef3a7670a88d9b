"""Event files, read back by a reader that shares nothing with the writer but the format."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callbacks.fakes import FakeModel, train
from pynn import callbacks, layers, models
from pynn.callbacks._event_file import EventFile, crc32c, scalar


def checksum(data: bytes) -> int:
    """CRC-32C, bit by bit, masked as TFRecord does."""
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
    crc = remainder ^ 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data: bytes) -> list[bytes]:
    found = []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == checksum(data[:8])
        found.append(data[12 : 12 + length])
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == checksum(found[-1])
        data = data[16 + length :]
    return found


def fields(message: bytes) -> list[tuple[int, Any]]:
    """Split a protocol-buffer message into numbered fields."""

    def varint(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = message[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    found: list[tuple[int, Any]] = []
    at = 0
    while at < len(message):
        key, at = varint(at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(at)
            found.append((number, value))
            continue
        size = {1: 8, 5: 4}.get(kind)
        if size is None:
            size, at = varint(at)
        found.append((number, message[at : at + size]))
        at += size
    return found


def events(directory: Path) -> list[tuple[int, str, Any]]:
    """Return (step, tag, value) of all summaries in a directory's files."""
    found = []
    for path in sorted(directory.glob("events.out.tfevents.*")):
        first, *others = records(path.read_bytes())
        assert dict(fields(first))[3] == b"brain.Event:2"
        for record in others:
            event = dict(fields(record))
            for _, value in fields(event[5]):
                parts = dict(fields(value))
                if 2 in parts:
                    number: Any = struct.unpack("<f", parts[2])[0]
                else:
                    number = dict(fields(parts[5]))
                found.append((event[2], parts[1].decode(), number))
    return found


def test_checksum_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(b"") == 0


def test_figures_of_epochs(tmp_path: Path) -> None:
    logs = [{"loss": 1.5, "val_loss": 2.5}, {"loss": 0.5, "val_loss": 0.75}]
    train(callbacks.TensorBoard(tmp_path), FakeModel(), logs)
    rate = pytest.approx(0.1, rel=1e-6)
    assert events(tmp_path / "train") == [
        (0, "epoch_loss", 1.5),
        (0, "epoch_learning_rate", rate),
        (1, "epoch_loss", 0.5),
        (1, "epoch_learning_rate", rate),
    ]
    assert events(tmp_path / "validation") == [(0, "epoch_loss", 2.5), (1, "epoch_loss", 0.75)]


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4]), (1, [1, 2, 3, 4])])
def test_figures_of_batches(tmp_path: Path, update_freq: object, steps: list[int]) -> None:
    fit(callbacks.TensorBoard(tmp_path, update_freq=update_freq))
    assert [s for s, tag, _ in events(tmp_path / "train") if tag == "batch_loss"] == steps


def test_figures_of_every_third_batch(tmp_path: Path) -> None:
    fit(callbacks.TensorBoard(tmp_path, update_freq=3))
    assert [s for s, tag, _ in events(tmp_path / "train") if tag == "batch_loss"] == [3]


def fit(board: callbacks.TensorBoard) -> models.Sequential:
    model = models.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    x, y = np.ones((4, 2)), np.zeros((4, 1))
    model.fit(x, y, 2, 2, verbose=0, callbacks=[board], validation_data=(x, y))
    return model


def test_a_training_with_histograms_and_speed(tmp_path: Path) -> None:
    board = callbacks.TensorBoard(tmp_path, histogram_freq=2, write_steps_per_second=True)
    model = fit(board)
    found = events(tmp_path / "train")
    histograms = {tag: value for step, tag, value in found if tag.endswith("/histogram")}
    assert len(histograms) == len(model.weights) == 2
    for value in histograms.values():
        counts = np.frombuffer(value[7], "<f8")
        assert counts.sum() == struct.unpack("<d", value[3])[0]
        assert len(counts) * 8 == len(value[6])
    assert sum(tag == "epoch_steps_per_second" for _, tag, _ in found) == 2
    by_steps = [e[:2] for e in events(tmp_path / "validation") if "iterations" in e[1]]
    assert by_steps == [
        (2, "evaluation_loss_vs_iterations"),
        (4, "evaluation_loss_vs_iterations"),
    ]


def test_figures_with_axes_are_left_out(tmp_path: Path) -> None:
    train(callbacks.TensorBoard(tmp_path), FakeModel(), [{"loss": 1.0, "f1": np.ones(3)}])
    assert [tag for _, tag, _ in events(tmp_path / "train")] == [
        "epoch_loss",
        "epoch_learning_rate",
    ]


def test_two_files_made_at_once_do_not_meet(tmp_path: Path) -> None:
    for _ in range(2):
        file = EventFile(tmp_path)
        file.add(-1, scalar("a", 1.0))
        file.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert events(tmp_path) == [(2**64 - 1, "a", 1.0)] * 2


def test_other_frequencies_are_refused() -> None:
    with pytest.raises(ValueError, match="update_freq must be 'epoch', 'batch' or a positive"):
        callbacks.TensorBoard(update_freq="step")
