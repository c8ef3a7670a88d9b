"""Progress in a notebook: a bar and a table of the epochs that are over, redrawn in place.

What the figures mean is not known here, nor when to show anything: see _progress.py for the lines
of a terminal, which this takes the place of. HTML, and the same as text for what shows no HTML;
IPython shows one of them and a saved notebook keeps both.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from typing import Any, Self

from pynn.training._figures import format_figure, format_time_per_step

_INTERVAL = 0.1  # seconds between two drawings: fast enough for the eye
_ROWS = (
    500  # of the table; with so many more, a drawing takes longer, and the next one waits longer
)
# Where there are many epochs the last ones are in sight, as a reversed column begins at its end.
_SCROLLED = "display:flex;flex-direction:column-reverse;max-height:25em;overflow-y:auto"


class NotebookProgress:
    """The progress of one call to fit, evaluate or predict, and of the epoch that runs in it.

    The methods are those of `LineProgress` and of `ProgressBar`.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._rows: list[tuple[str, str, dict[str, str]]] = []
        self._drawn_at = 0.0
        self._is_drawn = True

    def begin(self, total: int | None, title: str = "") -> Self:
        """Show the next epoch; the last one has ended.

        Parameters
        ----------
        total : int or None
            Steps to come; None if that is not known.
        title : str, default=""
            ``"Epoch 1/30"``.
        """
        self._total = total
        self._title = title
        self._start = time.perf_counter()
        return self

    @property
    def is_due(self) -> bool:
        """Whether the last drawing is old enough for another one."""
        interval = _INTERVAL * (1 + len(self._rows) // _ROWS)
        return time.perf_counter() - self._drawn_at >= interval

    def update(self, done: int, logs: Mapping[str, Any]) -> None:
        """Show that `done` steps are done, if the last drawing is old enough."""
        if self.is_due:
            self._show(done, "".join(f", {name} {format_figure(v)}" for name, v in logs.items()))

    def finish(self, done: int, logs: Mapping[str, Any]) -> None:
        """Add the epoch to the table."""
        elapsed = time.perf_counter() - self._start
        timing = f"{elapsed:.2f}s, {format_time_per_step(elapsed / max(done, 1))}"
        figures = {name: format_figure(value) for name, value in logs.items()}
        self._total = self._total or done
        self._rows.append((self._title, timing, figures))
        self._show(done, "")

    def abandon(self) -> None:
        """Leave what is shown."""

    def close(self) -> None:
        """Draw what has not been drawn yet."""
        if not self._is_drawn:
            self._draw()

    def _show(self, done: int, figures: str) -> None:
        """Take the state of the epoch; it is drawn now or, at the latest, by `close`."""
        elapsed = time.perf_counter() - self._start
        share = f' value="{done}" max="{self._total}"' if self._total else ""
        left = ""
        if self._total and done < self._total:
            left = f", {elapsed / max(done, 1) * (self._total - done):.0f}s left"
        text = f"{done}/{self._total or '?'}, {elapsed:.0f}s{left}{figures}"
        self._bar = f"{escape(self._title)} <progress{share}></progress> {escape(text)}"
        self._line = f"{self._title} {text}".strip()
        self._is_drawn = False
        if self.is_due:
            self._draw()

    def _draw(self) -> None:
        from IPython import display

        page = {
            "text/html": f"<div>{self._bar}{self._table()}</div>",
            "text/plain": "\n".join([*map(_as_text, self._rows), self._line]),
        }
        if self._handle is None:
            self._handle = display.display(page, raw=True, display_id=True)
        else:
            self._handle.update(page, raw=True)
        self._drawn_at = time.perf_counter()
        self._is_drawn = True

    def _table(self) -> str:
        names = list(dict.fromkeys(name for _, _, figures in self._rows for name in figures))
        if not names:
            return ""
        lines = [_row("th", ["", "time", *names])]
        for title, timing, figures in self._rows:
            lines.append(_row("td", [title, timing, *(figures.get(name, "") for name in names)]))
        return f'<div style="{_SCROLLED}"><table>{"".join(lines)}</table></div>'


def _as_text(row: tuple[str, str, dict[str, str]]) -> str:
    title, timing, figures = row
    return f"{title} - {timing}" + "".join(f" - {name}: {v}" for name, v in figures.items())


def _row(tag: str, cells: list[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
