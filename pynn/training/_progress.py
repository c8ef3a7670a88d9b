"""The line that shows how far a training is.

In place on a terminal, one plain line per epoch elsewhere; in a notebook _notebook_progress.py
takes over. What the figures mean is not known here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from pynn.training._figures import format_logs, format_time_per_step

if TYPE_CHECKING:
    from pynn.training._notebook_progress import NotebookProgress

_WIDTH = 30
_INTERVAL = 0.1  # seconds between two updates in place: fast enough for the eye


def is_live(stream: TextIO) -> bool:
    """Whether a line of `stream` can be overwritten: a terminal's or a notebook's can."""
    return _is_notebook(stream) or bool(getattr(stream, "isatty", bool)())


def _is_notebook(stream: Any) -> bool:
    return type(stream).__module__.startswith("ipykernel")


class Lines:
    """Where lines of text go, one by one or, if nobody else writes there, several at a time.

    Parameters
    ----------
    stream : text stream
    waits : bool, default=False
        Whether text may wait for the text after it, until `flush` or for a tenth of a second: a
        terminal takes longer over a line than a short epoch over its steps.
    """

    def __init__(self, stream: TextIO, waits: bool = False) -> None:
        self.stream = stream
        self._waits = waits
        self._waiting: list[str] = []
        self._written_at = -_INTERVAL

    @cached_property
    def live(self) -> bool:
        """Whether a line can be overwritten."""
        return is_live(self.stream)

    def write(self, text: str) -> None:
        """Write text, now or with what follows."""
        self._waiting.append(text)
        if not self._waits or time.perf_counter() - self._written_at >= _INTERVAL:
            self.flush()

    def flush(self) -> None:
        """Write what has waited."""
        if not self._waiting:
            return
        self.stream.write("".join(self._waiting))
        self._waiting.clear()
        self.stream.flush()
        self._written_at = time.perf_counter()


class LineProgress:
    """The progress of one call to fit, evaluate or predict, as lines of text.

    Parameters
    ----------
    verbose : int
        1 shows a bar, 2 a plain line at the end, 0 nothing.
    alone : bool, default=False
        Whether nobody else writes to the standard output until `close`.
    """

    def __init__(self, verbose: int, alone: bool = False) -> None:
        self._verbose = verbose
        self._alone = alone
        self._lines: Lines | None = None

    def begin(self, total: int | None, title: str = "") -> ProgressBar:
        """Return what shows the next epoch; see `ProgressBar`."""
        lines = self._lines
        if lines is None or lines.stream is not sys.stdout:
            self.close()
            lines = self._lines = Lines(sys.stdout, self._alone)
        return ProgressBar(total, self._verbose, title, lines)

    def close(self) -> None:
        """Show what has not been shown yet."""
        if self._lines is not None:
            self._lines.flush()


def progress_shown(verbose: int, alone: bool = False) -> LineProgress | NotebookProgress:
    """Return what shows progress where the standard output goes to.

    Parameters
    ----------
    verbose : int
    alone : bool, default=False
        Whether nobody else writes there until the progress is closed.
    """
    if verbose == 1 and _is_notebook(sys.stdout):
        from pynn.training._notebook_progress import NotebookProgress

        return NotebookProgress()
    return LineProgress(verbose, alone)


def _remaining(seconds: float) -> str:
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if whole >= 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole}s"


class ProgressBar:
    """Progress of one epoch, evaluation or prediction.

    Parameters
    ----------
    total : int or None
        Steps to come; None if that is not known.
    verbose : int
        1 shows a bar, 2 a plain line at the end, 0 nothing.
    title : str, default=""
        ``"Epoch 1/30"``.
    lines : Lines, default=None
        None stands for the standard output of that moment.
    """

    def __init__(
        self, total: int | None, verbose: int, title: str = "", lines: Lines | None = None
    ) -> None:
        self._total = total
        self._verbose = verbose
        self._title = title
        self._lines = Lines(sys.stdout) if lines is None else lines
        self._live = verbose == 1 and self._lines.live
        self._start = self._shown_at = time.perf_counter()
        self._length = 0
        # The title comes with the first line: a short epoch writes once, and flushes once.
        self._heading = f"{title}\n" if self._live and title else ""

    @property
    def is_due(self) -> bool:
        """Whether an update would be shown."""
        return self._live and time.perf_counter() - self._shown_at >= _INTERVAL

    def update(self, done: int, logs: Mapping[str, Any]) -> None:
        """Show that `done` steps are done, if the line is live and old enough."""
        now = time.perf_counter()
        if not self._live or now - self._shown_at < _INTERVAL:
            return
        self._shown_at = now
        elapsed = now - self._start
        if self._total:
            left = elapsed / max(done, 1) * (self._total - done)
            text = f"{self._count(done)} [{self._bar(done)}] - ETA: {_remaining(left)}"
        else:
            text = f"{self._count(done)} - {elapsed:.0f}s"
        self._show(text + format_logs(logs))
        self._lines.flush()

    def finish(self, done: int, logs: Mapping[str, Any]) -> None:
        """Show the last line."""
        if not self._verbose:
            return
        elapsed = time.perf_counter() - self._start
        timing = f"{elapsed:.0f}s {format_time_per_step(elapsed / max(done, 1))}"
        bar = "" if self._verbose == 2 else f" [{'=' * _WIDTH}]"
        self._total = self._total or done
        text = f"{self._count(done)}{bar} - {timing}{format_logs(logs)}"
        if self._live:
            self._show(text, end="\n")
        else:
            self._lines.write(f"{self._title} - {text}\n" if self._title else f"{text}\n")

    def abandon(self) -> None:
        """Leave an unfinished line, so that what follows begins on a new one."""
        if self._length:
            self._lines.write("\n")
            self._length = 0

    def _count(self, done: int) -> str:
        if self._total is None:
            return f"{done}/Unknown"
        if done == self._total:
            return f"{done}/{done}"
        return f"{done:>{len(str(self._total))}d}/{self._total}"

    def _bar(self, done: int) -> str:
        filled = int(_WIDTH * done / self._total) if self._total else 0
        if filled >= _WIDTH:
            return "=" * _WIDTH
        return "=" * max(filled - 1, 0) + (">" if filled else "") + "." * (_WIDTH - filled)

    def _show(self, text: str, end: str = "") -> None:
        rest = " " * max(0, self._length - len(text))
        self._lines.write(f"{self._heading}\r{text}{rest}{end}")
        self._heading = ""
        self._length = len(text)
