"""History, CSVLogger, LambdaCallback and TerminateOnNaN."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from callbacks.fakes import FakeModel, train
from pynn import callbacks
from pynn._numbers import Number


def test_history() -> None:
    history = callbacks.History()
    train(history, FakeModel(), [{"loss": Number(1.0), "f1": np.ones(2)}, {"loss": np.float32(0)}])
    assert history.epoch == [0, 1]
    assert history.history["loss"] == [1.0, 0.0]
    assert {type(value) for value in history.history["loss"]} == {float}
    np.testing.assert_array_equal(history.history["f1"], [[1.0, 1.0]])
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 1}
    train(history, FakeModel(), [{"loss": 5.0}])
    assert history.history == {"loss": [5.0]}


def test_history_draws_itself(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    history = callbacks.History()
    train(history, FakeModel(), [{"loss": 1.0, "val_loss": 2.0}, {"loss": 0.5, "val_loss": 1.0}])
    figure = history.plot(tmp_path / "curves.png", title="learning")
    assert len(figure.axes) == 1
    assert (tmp_path / "curves.png").stat().st_size > 0


def test_history_in_a_notebook() -> None:
    history = callbacks.History()
    assert "no epochs" in history._repr_html_()
    logs = [{"loss": 1.0, "val_loss": np.nan, "f<1": np.ones(2)}, {"loss": 0.25, "val_loss": 0.5}]
    train(history, FakeModel(), logs)
    page = history._repr_html_()
    rows = ElementTree.fromstring(page).findall(".//tr")
    assert [[cell.text for cell in row] for row in rows[1:]] == [
        ["loss", None, "1", "0.25", "0.25", "1"],
        ["val_loss", None, "nan", "0.5", "nan", "nan"],
    ]
    assert "2 epochs" in page
    assert page.count("<polyline") == 2


def test_history_is_a_picture_where_pyplot_is_unknown() -> None:
    pytest.importorskip("matplotlib")
    history = callbacks.History()
    train(history, FakeModel(), [{"loss": 1.0}])
    assert history.plot()._repr_png_().startswith(b"\x89PNG")


def read(path: Path, separator: str = ",") -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=separator))


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    logger = callbacks.CSVLogger(path)
    train(logger, FakeModel(), [{"loss": 1.0, "acc": 0.25}, {"loss": 0.5, "val_loss": 2.0}])
    assert read(path) == [
        ["epoch", "acc", "loss", "val_acc", "val_loss"],
        ["0", "0.25", "1.0", "NA", "NA"],
        ["1", "NA", "0.5", "NA", "2.0"],
    ]


def test_csv_is_begun_anew_or_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for _ in range(2):
        train(callbacks.CSVLogger(path, separator=";"), FakeModel(), [{"loss": 1.0}])
    assert read(path, ";") == [["epoch", "loss", "val_loss"], ["0", "1.0", "NA"]]
    logger = callbacks.CSVLogger(path, separator=";", append=True)
    train(logger, FakeModel(), [{"loss": 2.0, "val_loss": np.array([1, 2])}])
    assert read(path, ";")[2:] == [["0", "2.0", "[1, 2]"]]
    fresh = tmp_path / "fresh.csv"
    train(callbacks.CSVLogger(fresh, append=True), FakeModel(), [{"loss": 1.0}])
    assert read(fresh)[0] == ["epoch", "loss", "val_loss"]


def test_lambda() -> None:
    seen = []
    callback = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(("begin", epoch)),
        on_train_end=lambda logs: seen.append(("end", logs["loss"])),
        on_batch_end=lambda batch, logs: seen.append(("batch", batch)),
        note="mine",
    )
    train(callback, FakeModel(), [{"loss": 0.5}])
    callback.on_train_batch_end(3, {})
    assert seen == [("begin", 0), ("end", 0.5), ("batch", 3)]
    assert callback.note == "mine"
    with pytest.raises(ValueError, match="the hooks of a callback are .* Received: on_epoch_ende"):
        callbacks.LambdaCallback(on_epoch_ende=print)


@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
def test_terminate_on_nan(loss: float, capsys: pytest.CaptureFixture[str]) -> None:
    model = FakeModel()
    guard = callbacks.TerminateOnNaN()
    guard.set_model(model)
    guard.on_train_batch_end(0, {"loss": 1.0})
    guard.on_train_batch_end(1, {})
    assert not model.stop_training
    guard.on_train_batch_end(2, {"loss": loss})
    assert model.stop_training
    assert capsys.readouterr().out == "Batch 2: invalid loss, terminating training\n"
    with pytest.raises(RuntimeError, match="the loss became .* at batch 5"):
        callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(5, {"loss": loss})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: callbacks.EarlyStopping(monitor=None), "monitor must be the name of a figure"),
        (lambda: callbacks.EarlyStopping(patience="3"), "patience must be a number .*patience='3'"),
        (lambda: callbacks.EarlyStopping(patience=-1), "patience must be a number that is not neg"),
        (lambda: callbacks.EarlyStopping(patience=None), "patience must be a number"),
        (
            lambda: callbacks.EarlyStopping(start_from_epoch="1"),
            "start_from_epoch must be a number",
        ),
        (lambda: callbacks.EarlyStopping(min_delta="a"), "min_delta must be a number"),
        (lambda: callbacks.EarlyStopping(baseline="a"), "baseline must be a number or None"),
        (lambda: callbacks.ReduceLROnPlateau(patience="3"), "patience must be a number"),
        (lambda: callbacks.ReduceLROnPlateau(cooldown=-1), "cooldown must be a number"),
        (lambda: callbacks.ReduceLROnPlateau(factor=-0.5), r"factor must be a number in \[0, 1\)"),
        (lambda: callbacks.ReduceLROnPlateau(factor="a"), r"factor must be a number in \[0, 1\)"),
        (lambda: callbacks.ReduceLROnPlateau(min_lr=-1), "min_lr must be a number"),
        (lambda: callbacks.LearningRateScheduler(0.1), "schedule must be a function"),
        (lambda: callbacks.LambdaCallback(on_epoch_end=3), "on_epoch_end must be a function"),
        (lambda: callbacks.LambdaCallback(on_test_end="a"), "on_test_end must be a function"),
    ],
)
def test_wrong_arguments_are_refused_before_any_training(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("patience", [0, 2.5, np.inf, np.int64(3), np.float32(1)])
def test_any_number_of_epochs_may_be_waited(patience: Any) -> None:
    assert callbacks.EarlyStopping(patience=patience).patience == patience
    assert callbacks.ReduceLROnPlateau(patience=patience).patience == patience
