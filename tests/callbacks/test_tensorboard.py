"""Event files, read back by a reader that shares nothing with the writer but the format."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callbacks.fakes import FakeModel, train
from pynn import callbacks, layers, models
from pynn.callbacks._event_file import EventFile, crc32c, scalar
from pynn.optimizers import SGD


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
                elif 5 in parts:
                    number = dict(fields(parts[5]))
                else:
                    (plugin,) = (value for key, value in fields(parts[9]) if key == 1)
                    texts = [text for key, text in fields(parts[8]) if key == 8]
                    number = (dict(fields(plugin))[1].decode(), texts)
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


@pytest.mark.parametrize(
    ("update_freq", "steps"),
    [("batch", [1, 2, 3, 4]), (1, [1, 2, 3, 4]), (np.int64(2), [2, 4])],
)
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


def test_the_graph_of_a_model(tmp_path: Path) -> None:
    inputs = layers.Input((3,), name="x")
    inner = models.Sequential([layers.Input((3,), name="y"), layers.Dense(2, name="d")], name="in")
    outputs = layers.concatenate([inner(inputs), inputs], name="both")
    model = models.Model(inputs, layers.Dense(1, name="out")(outputs))
    model.compile(loss="mse", optimizer="sgd")
    for board in (
        callbacks.TensorBoard(tmp_path / "yes"),
        callbacks.TensorBoard(tmp_path / "no", write_graph=False),
    ):
        model.fit(np.ones((4, 3)), np.ones(4), verbose=0, callbacks=[board])
    assert "keras" not in [tag for _, tag, _ in events(tmp_path / "no" / "train")]
    step, tag, (plugin, (text,)) = events(tmp_path / "yes" / "train")[0]
    assert (step, tag, plugin) == (0, "keras", "graph_keras_model")
    found: dict[str, tuple[str, list[str]]] = {}

    def walk(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            histories = [
                argument["config"]["keras_history"][0]
                for node in entry["inbound_nodes"]
                for argument in node["args"][0]
            ]
            found[entry["config"]["name"]] = (entry["class_name"], histories)
            walk(entry["config"].get("layers", []))

    config = json.loads(text)["config"]
    walk(config["layers"])
    assert found == {
        "x": ("InputLayer", []),
        "in": ("Sequential", ["x"]),
        "y": ("InputLayer", []),
        "d": ("Dense", ["y"]),
        "both": ("Concatenate", ["in", "x"]),
        "out": ("Dense", ["both"]),
    }
    assert config["input_layers"] == ["x", 0, 0]
    assert config["output_layers"] == ["out", 0, 0]


def test_weights_as_pictures(tmp_path: Path) -> None:
    model = models.Sequential([layers.Input((3,)), layers.Dense(2, name="d")])
    model.compile(loss="mse", optimizer=SGD(0.0))
    kernel = np.array([[-1.0, 0.0], [1.0, 3.0], [0.0, -1.0]])
    model.set_weights([kernel, np.zeros(2)])
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, write_images=True)
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0, callbacks=[board])
    pictures = {tag: value for _, tag, value in events(tmp_path / "train") if "/image" in tag}
    plugin, (width, height, png) = pictures["d/kernel/image"]
    assert (plugin, width, height) == ("images", b"3", b"2")
    assert pictures["d/bias/image"][1][:2] == [b"2", b"1"]
    pyplot = pytest.importorskip("matplotlib.image")
    shown = np.round(pyplot.imread(io.BytesIO(png), format="png") * 255)
    np.testing.assert_array_equal(shown, np.floor((kernel.T + 1) / 4 * 255))


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
