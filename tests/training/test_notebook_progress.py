"""Progress in a notebook: HTML that is redrawn in place, distinguished by the kernel's stream."""

from __future__ import annotations

import io
import re
import sys
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import pynn
from pynn import layers
from pynn.models import Sequential
from pynn.training import _notebook_progress, progress_shown

KernelStream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})


class Screen:
    """Stands for IPython's displays: what each shows, and how often it was drawn."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = []
        self.text = ""

    def display(self, page: dict[str, str], raw: bool, display_id: bool) -> Any:
        assert display_id
        drawn: list[str] = []
        self.pages.append(drawn)

        def update(page: dict[str, str], raw: bool) -> None:
            assert raw
            drawn.append(page["text/html"])
            self.text = page["text/plain"]

        update(page, raw)
        return SimpleNamespace(update=update)


def in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Called within a test, as pytest sets the standard output when a test begins."""
    shown = Screen()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=shown))
    monkeypatch.setattr(sys, "stdout", KernelStream())
    return shown


def trained(epochs: int, **options: Any) -> None:
    model = Sequential([pynn.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse", metrics=["mae"])
    x = np.ones((64, 2))
    model.fit(x, x[:, :1], epochs=epochs, validation_split=0.5, **options)
    model.evaluate(x, x[:, :1], **options)
    model.predict(x, **options)


def test_fit_evaluate_and_predict_are_a_display_each(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = in_a_notebook(monkeypatch)
    trained(3)
    fit, evaluate, predict = (pages[-1] for pages in screen.pages)
    rows = ElementTree.fromstring(fit).findall(".//tr")
    assert [cell.text for cell in rows[0]] == [
        *[None, "time", "loss", "mae", "val_loss", "val_mae"],
    ]
    assert [row[0].text for row in rows[1:]] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
    assert '<progress value="1" max="1">' in fit
    assert "mae" in evaluate
    assert "2/2" in predict
    assert sys.stdout.getvalue() == ""  # type: ignore[attr-defined]


def test_short_epochs_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = in_a_notebook(monkeypatch)
    trained(200)
    pages = screen.pages[0]
    assert len(pages) < 50
    assert pages[-1].count("<tr>") == 1 + 200
    assert "Epoch 1/200<" in pages[-1]
    assert "Epoch 200/200" in pages[-1]


def test_long_tables_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(_notebook_progress.time, "perf_counter", lambda: clock[0])
    progress = _notebook_progress.NotebookProgress()
    progress._rows = [("", "", {})] * 5000
    clock[0] = 1.0
    assert not progress.is_due
    clock[0] = 1.2
    assert progress.is_due


def test_the_same_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = in_a_notebook(monkeypatch)
    model = Sequential([pynn.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(np.ones((64, 2)), np.ones(64), epochs=2)
    first, second, bar = screen.text.split("\n")
    assert re.fullmatch(r"Epoch 1/2 - \d\.\d\ds, .*/step - loss: \d+\.\d+", first)
    assert second.startswith("Epoch 2/2 - ")
    assert bar == "Epoch 2/2 2/2, 0s"


def test_silence_and_lines_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = in_a_notebook(monkeypatch)
    trained(2, verbose=0)
    assert screen.pages == []
    trained(2, verbose=2)
    assert screen.pages == []
    assert sys.stdout.getvalue().count("Epoch") == 2  # type: ignore[attr-defined]


def test_a_running_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = in_a_notebook(monkeypatch)
    monkeypatch.setattr(_notebook_progress, "_INTERVAL", 0.0)
    progress = progress_shown(1)
    bar = progress.begin(10, "Epoch <1>")
    assert bar.is_due
    bar.update(4, {"loss": 0.5})
    assert '<progress value="4" max="10">' in screen.pages[0][-1]
    assert "4/10" in screen.pages[0][-1]
    assert "s left, loss 0.5000" in screen.pages[0][-1]
    assert "Epoch &lt;1&gt;" in screen.pages[0][-1]
    unknown = progress.begin(None, "Epoch 2")
    unknown.update(4, {})
    assert "<progress></progress> 4/?" in screen.pages[0][-1]
    unknown.finish(7, {"loss": np.float32(0.25)})
    assert "7/7" in screen.pages[0][-1]
    ElementTree.fromstring(screen.pages[0][-1])


def test_it_is_drawn_when_it_is_due_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = in_a_notebook(monkeypatch)
    clock = [100.0]
    monkeypatch.setattr(_notebook_progress.time, "perf_counter", lambda: clock[0])
    progress = progress_shown(1)
    bar = progress.begin(10, "Epoch 1")
    drawn = []
    for done in (4, 5, 6):
        bar.update(done, {})
        drawn.append(len(screen.pages[0]))
        clock[0] += 0.001
    assert drawn == [1, 1, 1] and "4/10" in screen.pages[0][-1]
    progress.close()
    bar.finish(10, {"loss": 0.5})
    assert len(screen.pages[0]) == 1
    for _ in range(2):
        progress.close()
        assert len(screen.pages[0]) == 2 and "10/10" in screen.pages[0][-1]
