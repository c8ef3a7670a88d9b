"""The progress line: in place on a terminal, one plain line per epoch elsewhere."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import callbacks, layers
from pynn.models import Sequential
from pynn.training import ProgressBar, _progress
from pynn.training._progress import Lines, format_logs, format_time_per_step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_plain_line_elsewhere() -> None:
    stream = io.StringIO()
    bar = ProgressBar(1719, 1, "Epoch 1/30", Lines(stream))
    assert not bar.is_due
    bar.update(5, {"loss": 1.0})
    bar.finish(1719, {"loss": 0.72371, "accuracy": 0.5})
    line = r"Epoch 1/30 - 1719/1719 \[={30}\] - 0s \d+us/step - loss: 0.7237 - accuracy: 0.5000\n"
    assert re.fullmatch(line, stream.getvalue())


def test_in_place_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_INTERVAL", 0.0)
    stream = Terminal()
    bar = ProgressBar(100, 1, "Epoch 2/3", Lines(stream))
    assert bar.is_due
    bar.update(7, {"loss": 1.0})
    bar.update(50, {"loss": 0.5})
    bar.finish(100, {"loss": 0.25, "val_loss": 0.125})
    first, *lines = stream.getvalue().split("\r")
    assert first == "Epoch 2/3\n"
    assert re.match(r"  7/100 \[=>\.{28}\] - ETA: \S+ - loss: 1.0000", lines[0])
    assert re.match(r" 50/100 \[={14}>\.{15}\] - ETA: 0s - loss: 0.5000", lines[1])
    assert re.match(
        r"100/100 \[={30}\] - 0s \d+us/step - loss: 0.2500 - val_loss: 0.1250 *\n", lines[2]
    )


def test_updates_are_few() -> None:
    stream = Terminal()
    bar = ProgressBar(10**6, 1, "", Lines(stream))
    for i in range(1000):
        bar.update(i, {"loss": 1.0})
    assert stream.getvalue().count("\r") <= 2


def test_a_short_epoch_is_written_at_once() -> None:
    class Counting(Terminal):
        flushes = 0

        def flush(self) -> None:
            self.flushes += 1

    stream = Counting()
    bar = ProgressBar(10, 1, "Epoch 1/1", Lines(stream))
    bar.update(5, {"loss": 1.0})
    bar.finish(10, {"loss": 1.0})
    assert stream.flushes == 1
    assert re.fullmatch(
        r"Epoch 1/1\n\r10/10 \[={30}\] - 0s \S+ - loss: 1.0000\n", stream.getvalue()
    )


def test_verbosity_and_unknown_length(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    ProgressBar(10, 0, "Epoch 1/1", Lines(stream)).finish(10, {"loss": 1.0})
    assert stream.getvalue() == ""
    ProgressBar(10, 2, "Epoch 1/1", Lines(stream)).finish(10, {"loss": 1.0})
    assert re.fullmatch(r"Epoch 1/1 - 10/10 - 0s \d+us/step - loss: 1.0000\n", stream.getvalue())
    monkeypatch.setattr(_progress, "_INTERVAL", 0.0)
    live = Terminal()
    bar = ProgressBar(None, 1, "", Lines(live))
    bar.update(3, {})
    bar.finish(12, {})
    assert "\r3/Unknown" in live.getvalue()
    assert "12/12" in live.getvalue()


def test_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(_progress.time, "perf_counter", lambda: clock[0])
    live = Terminal()
    bar = ProgressBar(100, 1, "", Lines(live))
    for now, done in ((100, 1), (200, 10), (202, 99), (204, 100)):
        clock[0] = float(now)
        bar.update(done, {})
    found = re.findall(r"\[(\S+)\] - ETA: (\S+)", live.getvalue())
    assert [left for _, left in found] == ["2:45:00", "30:00", "2s", "0s"]
    assert [shown for shown, _ in found][2:] == ["=" * 28 + ">.", "=" * 30]


def test_an_abandoned_line_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_INTERVAL", 0.0)
    live = Terminal()
    bar = ProgressBar(10, 1, "", Lines(live))
    bar.update(3, {})
    bar.abandon()
    assert live.getvalue().endswith("\n")


def test_figures() -> None:
    assert format_logs({"loss": 0.00012, "lr": 0.01, "zero": 0.0}) == (
        " - loss: 1.2000e-04 - lr: 0.0100 - zero: 0.0000"
    )
    assert format_time_per_step(3.4) == "3s/step"
    assert format_time_per_step(0.0034) == "3ms/step"


def test_fit_evaluate_and_predict_show_it(capsys: pytest.CaptureFixture) -> None:
    model = Sequential([pynn.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse", metrics=["mae"])
    x, y = np.ones((64, 2)), np.ones(64)
    model.fit(x, y, epochs=2, validation_split=0.5)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    figures = r"loss: \S+ - mae: \S+ - val_loss: \S+ - val_mae: \S+"
    assert re.fullmatch(rf"Epoch 1/2 - 1/1 \[={{30}}\] - 0s \S+/step - {figures}", lines[0])
    model.evaluate(x, y)
    model.predict(x)
    out = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"2/2 \[={30}\] - 0s \S+/step - loss: \S+ - mae: \S+", out[0])
    assert re.fullmatch(r"2/2 \[={30}\] - 0s \S+/step", out[1])
    model.fit(x, y, verbose=0)
    assert capsys.readouterr().out == ""


class Writes(io.StringIO):
    """A terminal that counts how often it is written to."""

    def __init__(self, terminal: bool = True) -> None:
        super().__init__()
        self._terminal = terminal
        self.count = 0

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        self.count += 1
        return super().write(text)


def fit_to(stream: io.StringIO, **arguments: Any) -> None:
    pynn.utils.set_random_seed(0)
    model = Sequential([pynn.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse", metrics=arguments.pop("metrics", ["mae"]))
    with redirect_stdout(stream):
        model.fit(np.ones((32, 2)), np.ones(32), epochs=20, **arguments)


@pytest.mark.parametrize("terminal", [True, False])
def test_short_epochs_are_written_together(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_INTERVAL", 1000.0)
    stream = Writes(terminal)
    fit_to(stream, callbacks=[callbacks.EarlyStopping("loss", patience=100)])
    assert stream.count <= 2  # the first epoch, and what waited until the end
    titles = re.findall(r"Epoch (\d+)/20", stream.getvalue())
    assert titles == [str(i) for i in range(1, 21)]
    assert len(re.findall(r"1/1 \[={30}\] .* - loss: \S+ - mae: \S+ *\n", stream.getvalue())) == 20


class Talking(callbacks.EarlyStopping):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        print(f"after epoch {epoch + 1}")


def talking_metric(y_true: Any, y_pred: Any) -> Any:
    print("a batch")
    return np.abs(y_true - y_pred)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"callbacks": [Talking("loss")]}, r"after epoch \d+\n"),
        ({"callbacks": [callbacks.LambdaCallback(on_epoch_end=lambda *_: print("so"))]}, r"so\n"),
        ({"metrics": [talking_metric]}, r"(a batch\n)+"),
    ],
)
def test_lines_keep_their_place_among_what_users_print(
    arguments: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "_INTERVAL", 1000.0)
    stream = Writes(terminal=False)
    fit_to(stream, **arguments)
    line = r"Epoch \d+/20 - 1/1 .*\n"
    assert re.fullmatch(rf"(({said})?{line}){{20}}({said})?", stream.getvalue())
    assert len(re.findall(rf"{line}{said}{line}", stream.getvalue())) >= 9


def test_what_waited_is_shown_when_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_INTERVAL", 1000.0)
    epochs = iter(range(5))
    monkeypatch.setattr(
        callbacks.EarlyStopping, "on_epoch_end", lambda *given, **named: next(epochs)
    )
    stream = Writes()
    with pytest.raises(StopIteration):
        fit_to(stream, callbacks=[callbacks.EarlyStopping("loss")])
    assert stream.getvalue().count("mae: ") == 5
    assert stream.count == 2
