"""Progress in a notebook: a bar and a table of the epochs that are over, redrawn in place.

What the figures mean is not known here, nor when to show anything: see _progress.py for the lines
of a terminal, which this takes the place of.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from typing import Any

from pynn.training._figures import format_figure, format_time_per_step

_INTERVAL = 0.1  # seconds between two drawings: fast enough for the eye
_ROWS = 12  # of the table: the last epochs


class NotebookProgress:
    """The progress of one call to fit, evaluate or predict, as HTML."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._rows: list[tuple[str, str, dict[str, str]]] = []
        self._bar = ""
        self._drawn_at = 0.0
        self._is_drawn = True

    def begin(self, total: int | None, title: str = "") -> NotebookBar:
        """Return what shows the next epoch.

        Parameters
        ----------
        total : int or None
            Steps to come; None if that is not known.
        title : str, default=""
            ``"Epoch 1/30"``.
        """
        return NotebookBar(self, total, title)

    def close(self) -> None:
        """Draw what has not been drawn yet."""
        if not self._is_drawn:
            self._draw()

    @property
    def is_due(self) -> bool:
        """Whether the last drawing is old enough for another one."""
        return time.perf_counter() - self._drawn_at >= _INTERVAL

    def show(self, bar: str) -> None:
        """Put `bar` in the place of the last one; it is drawn now or, at the latest, by `close`."""
        self._bar = bar
        self._is_drawn = False
        if self.is_due:
            self._draw()

    def add_row(self, title: str, timing: str, figures: dict[str, str]) -> None:
        """Add a line to the table."""
        self._rows.append((title, timing, figures))

    def _draw(self) -> None:
        from IPython import display

        page = display.HTML(f"<div>{self._bar}{self._table()}</div>")
        if self._handle is None:
            self._handle = display.display(page, display_id=True)
        else:
            self._handle.update(page)
        self._drawn_at = time.perf_counter()
        self._is_drawn = True

    def _table(self) -> str:
        shown = self._rows[-_ROWS:]
        names = list(dict.fromkeys(name for _, _, figures in shown for name in figures))
        if not names:
            return ""
        lines = [_row("th", ["", "time", *names])]
        for title, timing, figures in shown:
            lines.append(_row("td", [title, timing, *(figures.get(name, "") for name in names)]))
        return f"<table>{''.join(lines)}</table>"


class NotebookBar:
    """Progress of one epoch, evaluation or prediction; the methods are those of `ProgressBar`."""

    def __init__(self, progress: NotebookProgress, total: int | None, title: str) -> None:
        self._progress = progress
        self._total = total
        self._title = title
        self._start = time.perf_counter()

    @property
    def is_due(self) -> bool:
        """Whether an update would be shown."""
        return self._progress.is_due

    def update(self, done: int, logs: Mapping[str, Any]) -> None:
        """Show that `done` steps are done, if the last drawing is old enough."""
        if self._progress.is_due:
            figures = "".join(f", {name} {format_figure(v)}" for name, v in logs.items())
            self._progress.show(self._line(done, figures))

    def finish(self, done: int, logs: Mapping[str, Any]) -> None:
        """Add the epoch to the table."""
        elapsed = time.perf_counter() - self._start
        timing = f"{elapsed:.2f}s, {format_time_per_step(elapsed / max(done, 1))}"
        figures = {name: format_figure(value) for name, value in logs.items()}
        self._total = self._total or done
        self._progress.add_row(self._title, timing, figures)
        self._progress.show(self._line(done, ""))

    def abandon(self) -> None:
        """Leave what is shown."""

    def _line(self, done: int, figures: str) -> str:
        elapsed = time.perf_counter() - self._start
        share = f' value="{done}" max="{self._total}"' if self._total else ""
        of = self._total or "?"
        left = ""
        if self._total and done < self._total:
            left = f", {elapsed / max(done, 1) * (self._total - done):.0f}s left"
        text = f"{done}/{of}, {elapsed:.0f}s{left}{figures}"
        return f"{escape(self._title)} <progress{share}></progress> {escape(text)}"


def _row(tag: str, cells: list[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
