"""Write the tables and plots of docs/performance.md from a report's results.

``python bench/report.py --json docs/performance/results.json`` measures; this puts the tables
between the page's markers, ``<!-- table NAME -->`` to ``<!-- end -->``, and draws the plots beside
the results. The text around them is written by hand.

usage: python bench/performance_page.py
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from measuring import answers  # noqa: E402
from measuring.answers import Answer, Measurement, number  # noqa: E402

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "performance.md"
RESULTS = DOCS / "performance" / "results.json"
_MARKED = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_OURS, _THEIRS = "#c44e52", "#8c9bb0"


def load() -> tuple[dict[str, Any], dict[str, Answer]]:
    """Read the machine and the answers by question."""
    stored = json.loads(RESULTS.read_text(encoding="utf-8"))
    found = {}
    for name, answer in stored["answers"].items():
        found[name] = Answer.from_json({k: v for k, v in answer.items() if k != "measured"})
    return stored["machine"], found


# ---- tables


def machine_lines(machine: Mapping[str, Any], found: Mapping[str, Answer]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    peaks = {}
    for answer in found.values():
        for m in answer.measurements:
            if m.peak:
                peaks[m.isa or machine["isa"], m.work["dtype"], m.threads] = m.peak / 1e9
    rates = "; ".join(
        f"{isa} {dtype}, {threads} thread{'s' * (threads > 1)}: {number(rate)} GFLOP/s"
        for (isa, dtype, threads), rate in sorted(peaks.items())
    )
    return (
        f"- {machine['processor']}, {machine['processors']} processors, {machine['isa']}\n"
        f"- Python {machine['python']}, {packages}\n"
        f"- FMA peak in this run: {rates}\n"
    )


def bounds(found: Mapping[str, Answer]) -> str:
    """What limits each question, and by how much which figures are missed."""
    parts = []
    for name, answer in found.items():
        missed = [f"{f.text} ({f.missing})" for f in answer.figures if not f.reached]
        state = f"Missed: {'; '.join(missed)}." if missed else "All figures reached."
        parts.append(f"**{name}**: {answer.title}. {answer.bound} {state}\n")
    return "\n".join(parts)


def tables(machine: Mapping[str, Any], found: Mapping[str, Answer]) -> dict[str, str]:
    """Return everything that the page's markers may name."""
    texts = {name: "\n".join(map(answers.markdown, a.tables)) for name, a in found.items()}
    figures = answers.figures_table(found.values(), "")
    return texts | {
        "machine": machine_lines(machine, found),
        "figures": answers.markdown(figures).lstrip(),
        "bounds": bounds(found),
    }


def filled(page: str, texts: Mapping[str, str]) -> str:
    """Return the page with fresh tables; a table that was not measured says so."""

    def fresh(match: re.Match[str]) -> str:
        text = texts.get(match[2], "Not measured.\n")
        return f"{match[1]}\n{text.strip()}\n\n{match[3]}"

    return _MARKED.sub(fresh, page)


# ---- plots


def draw_bars(axes: Any, measured: list[Measurement], scale: float, unit: str) -> None:
    """Draw one bar per contender, the fastest on top."""
    bars = sorted((m for m in measured if m.seconds), key=lambda m: -m.median)
    values = [m.median * scale for m in bars]
    colors = [_OURS if m.peer.startswith("pynn") else _THEIRS for m in bars]
    axes.barh([m.name for m in bars], values, color=colors)
    axes.set_xlabel(unit)
    for i, value in enumerate(values):
        axes.text(value, i, f" {number(value)}", va="center", fontsize=8)
    axes.margins(x=0.15)


def plot_epoch(figure: Any, answer: Answer) -> None:
    axes = figure.subplots()
    draw_bars(axes, answer.measurements, 1.0, "seconds per epoch")
    m = max(answer.measurements, key=lambda m: m.peak or 0)
    axes.axvline(m.operations / m.peak, color="black", linestyle=":")
    axes.set_title("784-300-100-10, 55,000 rows, SGD, batch 32 (dotted: the FMA peak)", fontsize=9)


def plot_small(figure: Any, answer: Answer) -> None:
    axes = figure.subplots()
    work = answer.measurements[0].work
    steps = work["epochs"] * -(-work["rows"] // work["batch"])
    draw_bars(axes, answer.measurements, 1e6 / steps, "microseconds per step")
    axes.set_xscale("log")
    axes.set_title("8-30-1, SGD, batch 32 (logarithmic)", fontsize=9)


def plot_products(figure: Any, answer: Answer) -> None:
    """Draw a map of shares of the peak for each of the three products."""
    ours = [m for m in answer.measurements if m.peer.startswith("pynn")]
    kinds = list(dict.fromkeys(m.work["kind"] for m in ours))
    batches = sorted({m.work["batch"] for m in ours})
    widths = sorted({m.work["width"] for m in ours})
    for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True), kinds, strict=True):
        shares = {
            (m.work["batch"], m.work["width"]): m.share or 0 for m in ours if m.work["kind"] == kind
        }
        grid = [[shares[b, w] for w in widths] for b in batches]
        axes.imshow(grid, vmin=0, vmax=1, cmap="viridis", aspect="auto")
        axes.set_xticks(range(len(widths)), widths, fontsize=7)
        axes.set_yticks(range(len(batches)), batches, fontsize=7)
        axes.set_title(kind, fontsize=9)
        axes.set_xlabel("width", fontsize=8)
        for i, row in enumerate(grid):
            for j, share in enumerate(row):
                color = "white" if share < 0.6 else "black"
                axes.text(j, i, f"{share:.0%}", ha="center", va="center", fontsize=6, color=color)
    figure.axes[0].set_ylabel("batch", fontsize=8)


def plot_growth(figure: Any, answer: Answer) -> None:
    left, right = figure.subplots(1, 2)
    by_rows = [m for m in answer.measurements if len(m.work["sizes"]) == 3]
    by_width = [m for m in answer.measurements if len(m.work["sizes"]) == 4]
    rows = [m.work["rows"] for m in by_rows]
    left.plot(rows, [1e9 * m.median / m.work["rows"] for m in by_rows], "o-", color=_OURS)
    left.set_xscale("log")
    left.margins(y=0.2)
    left.set_ylim(bottom=0)
    left.set_xlabel("rows")
    left.set_ylabel("ns per row, 20-64-1")
    widths = [m.work["sizes"][0] for m in by_width]
    right.plot(widths, [1e12 * m.median / m.operations for m in by_width], "o-", color=_OURS)
    right.set_xscale("log", base=2)
    right.margins(y=0.2)
    right.set_ylim(bottom=0)
    right.set_xlabel("width")
    right.set_ylabel("ps per operation, w-w-w-10")


PLOTS: dict[str, tuple[Callable[[Any, Answer], None], tuple[float, float]]] = {
    "epoch": (plot_epoch, (8, 4)),
    "small": (plot_small, (8, 4)),
    "products": (plot_products, (10, 3)),
    "growth": (plot_growth, (9, 3)),
}


def draw(found: Mapping[str, Answer]) -> None:
    """Draw the plots of what has been measured; the same results give the same files."""
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = "pynn"
    from matplotlib.figure import Figure

    for name, (plot, size) in PLOTS.items():
        if name in found:
            figure = Figure(size, layout="constrained")
            plot(figure, found[name])
            figure.savefig(RESULTS.with_name(f"{name}.svg"), metadata={"Date": None})


def main() -> None:
    machine, found = load()
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(page, tables(machine, found)), encoding="utf-8")
    draw(found)


if __name__ == "__main__":
    main()
