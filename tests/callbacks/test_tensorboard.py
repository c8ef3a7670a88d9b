"""Event files, read back by TensorBoard's own reader."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from callbacks.fakes import FakeModel, train
from pynn import callbacks, layers, models
from pynn.callbacks import _tensorboard
from pynn.callbacks._tensorboard import EventFile
from pynn.optimizers import SGD


def events(directory: Path) -> list[tuple[int, str, Any]]:
    """Return (step, tag, value) of all summaries in a directory's files."""
    found = []
    for path in sorted(directory.glob("events.out.tfevents.*")):
        first, *others = LegacyEventFileLoader(str(path)).Load()
        assert first.file_version == "brain.Event:2"
        for event in others:
            for value in event.summary.value:
                given = getattr(value, value.WhichOneof("value"))
                found.append((event.step, value.tag, given))
    return found


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
        assert sum(value.bucket) == value.num > 0
        assert len(value.bucket) == len(value.bucket_limit)
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
    (file,) = (tmp_path / "yes" / "train").iterdir()
    _, event, *_ = LegacyEventFileLoader(str(file)).Load()
    (value,) = event.summary.value
    plugin = value.metadata.plugin_data
    assert (value.tag, plugin.plugin_name, plugin.content) == ("keras", "graph_keras_model", b"1")
    (text,) = value.tensor.string_val
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
    picture, bias = (pictures[f"{model.name}/d/{name}/image"] for name in ("kernel", "bias"))
    assert (picture.width, picture.height, bias.width, bias.height) == (3, 2, 2, 1)
    png = io.BytesIO(picture.encoded_image_string)
    shown = np.round(imread(png, format="png") * 255)
    np.testing.assert_array_equal(shown, np.floor((kernel.T + 1) / 4 * 255))


def test_figures_with_axes_are_left_out(tmp_path: Path) -> None:
    train(callbacks.TensorBoard(tmp_path), FakeModel(), [{"loss": 1.0, "f1": np.ones(3)}])
    assert [tag for _, tag, _ in events(tmp_path / "train")] == [
        "epoch_loss",
        "epoch_learning_rate",
    ]


def test_a_model_without_figures_and_weights(tmp_path: Path) -> None:
    train(callbacks.TensorBoard(tmp_path, histogram_freq=1), FakeModel(), [{}])
    assert list(tmp_path.iterdir()) == []


def test_an_evaluation_by_itself(tmp_path: Path) -> None:
    model = fit(callbacks.TensorBoard(tmp_path / "training"))
    board = callbacks.TensorBoard(tmp_path)
    loss = model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[board])
    board.on_test_end()
    expected = (4, "evaluation_loss_vs_iterations", pytest.approx(loss, rel=1e-6))
    assert events(tmp_path / "validation") == [expected]


def test_many_events_are_written_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tensorboard, "_MOST_UNFLUSHED", 1000)
    file = EventFile(tmp_path)
    for step in range(100):
        file.add(step, {"tag": "a", "simple_value": 1.0})
    assert 50 < len(events(tmp_path)) < 100
    file.close()
    assert [step for step, _, _ in events(tmp_path)] == list(range(100))


def test_two_files_made_at_once_do_not_meet(tmp_path: Path) -> None:
    for _ in range(2):
        file = EventFile(tmp_path)
        file.add(-1, {"tag": "a", "simple_value": 1.0})
        file.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert events(tmp_path) == [(-1, "a", 1.0)] * 2


def test_other_frequencies_are_refused() -> None:
    with pytest.raises(ValueError, match="update_freq must be 'epoch', 'batch' or a positive"):
        callbacks.TensorBoard(update_freq="step")


def test_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ImportError, match=r'pip install "pynn-mlp\[tensorboard\]"'):
        callbacks.TensorBoard()
