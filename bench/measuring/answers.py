"""What came out of a question: measurements, the figures to reach, and how they are written."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Measurement:
    """Samples of one contender; ``values`` are there where the work measures itself."""

    name: str
    peer: str
    threads: int
    isa: str | None
    work: dict[str, Any]
    seconds: list[float]
    values: list[float]
    operations: float | None = None
    peak: float | None = None  # operations a second
    failure: str | None = None

    @property
    def median(self) -> float:
        """The seconds of a call, or the value that it measured; not a number after a failure."""
        samples = self.values or self.seconds
        return statistics.median(samples) if samples else float("nan")

    @property
    def deviation(self) -> float:
        """Half the distance of the quartiles, as a part of the median."""
        samples = sorted(self.values or self.seconds)
        if len(samples) < 3:
            return 0.0
        low, _, high = statistics.quantiles(samples, n=4)
        return (high - low) / 2 / self.median

    @property
    def rate(self) -> float | None:
        return None if self.operations is None else self.operations / self.median

    @property
    def share(self) -> float | None:
        """The part of the peak that was reached."""
        return None if self.rate is None or not self.peak else self.rate / self.peak


@dataclass
class Figure:
    """A figure to reach, and what was measured; ``at_peak`` is what the peak itself would give."""

    text: str
    wanted: float
    measured: float
    at_least: bool = True
    unit: str = ""
    at_peak: float | None = None

    @property
    def reached(self) -> bool:
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted

    @property
    def missing(self) -> str:
        """How far off the measured value is, or nothing."""
        if self.reached:
            return ""
        if self.measured != self.measured:
            return "not measured"
        part = abs(self.measured / self.wanted - 1)
        missed = f"missed by {part:.0%}" if part >= 0.01 else "missed by less than 1%"
        if self.at_peak is None or self.at_peak >= self.wanted:
            return missed
        return f"{missed}; the peak itself would be {self.write(self.at_peak)}"

    def write(self, value: float) -> str:
        if self.unit == "%":
            return f"{100 * value:.0f}%" if value == value else "–"
        separator = "" if self.unit == "×" else " "
        return f"{number(value)}{separator}{self.unit}".strip()


@dataclass
class Table:
    title: str
    header: list[str]
    rows: list[list[str]]


@dataclass
class Answer:
    """All that is known of a question after it has been measured. ``bound`` says what limits it."""

    question: str
    title: str
    tables: list[Table]
    figures: list[Figure]
    measurements: list[Measurement] = field(default_factory=list)
    bound: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Answer:
        return cls(
            **stored
            | {
                "tables": [Table(**t) for t in stored["tables"]],
                "figures": [Figure(**f) for f in stored["figures"]],
                "measurements": [Measurement(**m) for m in stored["measurements"]],
            }
        )


# ---- finding measurements


def find(measured: Iterable[Measurement], peer: str, threads: int | None = None) -> Measurement:
    """Return a peer's measurement on so many threads, or the fastest of its measurements."""
    found = [
        m for m in measured if m.peer == peer and m.threads == (threads or m.threads) and m.seconds
    ]
    if not found:
        return Measurement(peer, peer, threads or 0, None, {}, [], [], failure="not measured")
    return min(found, key=lambda m: m.median)


def ratio_figures(
    measured: Sequence[Measurement],
    reference: Measurement,
    wanted: dict[str, float],
    of: str,
) -> list[Figure]:
    """How many times as fast as each peer, at its fastest."""
    figures = []
    for peer, times in wanted.items():
        ratio = find(measured, peer).median / reference.median
        at_peak = ratio / reference.share if reference.share else None
        figures.append(Figure(f"{of} vs. {peer}", times, ratio, unit="×", at_peak=at_peak))
    return figures


def share_figure(measurement: Measurement, wanted: float, of: str) -> Figure:
    return Figure(f"{of}: share of peak", wanted, measurement.share or float("nan"), unit="%")


def share_answer(
    question: str,
    title: str,
    measured: Sequence[Measurement],
    peer: str,
    wanted: float,
    bound: str,
) -> Answer:
    """One table, and the share of the peak that a peer is to reach on each number of threads."""
    figures = [
        share_figure(find(measured, peer, threads), wanted, f"{threads} thread(s)")
        for threads in sorted({m.threads for m in measured if m.peer == peer})
    ]
    return Answer(question, title, [timing_table(title, measured)], figures, list(measured), bound)


# ---- writing


def number(value: float) -> str:
    """Three digits, without exponents."""
    if value != value:
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def timing_table(
    title: str,
    measured: Sequence[Measurement],
    reference: Measurement | None = None,
    unit: str = "s",
    per: Callable[[Measurement], float] = lambda m: 1.0,
) -> Table:
    """Medians in s, ms or µs, divided by ``per``; rates and shares where operations are counted."""
    scale = {"s": 1.0, "ms": 1e3, "µs": 1e6}[unit.split()[0]]
    reference = reference or measured[0]
    rows = []
    for m in measured:
        if m.failure or not m.seconds:
            rows.append([m.name, f"failed: {m.failure}", "", "", "", ""])
            continue
        rows.append(
            [
                m.name,
                number(scale * m.median / per(m)),
                f"{m.deviation:.0%}",
                number(m.rate / 1e9) if m.rate else "",
                f"{m.share:.0%}" if m.share else "",
                number((m.median / per(m)) / (reference.median / per(reference))),
            ]
        )
    header = ["", unit, "±", "GFLOP/s", "of the peak", f"× {reference.name}"]
    return Table(title, header, rows)


def markdown(table: Table) -> str:
    lines = [table.header, ["---", *["--:"] * (len(table.header) - 1)], *table.rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table.title}\n\n{body}\n"


def figures_table(answers: Iterable[Answer], title: str = "Figures to reach") -> Table:
    rows = []
    for answer in answers:
        for figure in answer.figures:
            sign = "≥" if figure.at_least else "≤"
            rows.append(
                [
                    f"{answer.question}: {figure.text}",
                    f"{sign} {figure.write(figure.wanted)}",
                    figure.write(figure.measured),
                    "reached" if figure.reached else figure.missing,
                ]
            )
    return Table(title, ["figure", "wanted", "measured", ""], rows)
