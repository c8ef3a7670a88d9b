"""Draw the pictures of docs/scaling.md: one round, and what the model of its cost says.

usage: python docs/scaling/draw.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "bench"))

from scaling import COSTS, STATE_BYTES, predicted  # noqa: E402

_OURS, _OTHER, _PALE = "#c44e52", "#4c72b0", "#dde3ec"


def save(figure: Any, name: str) -> None:
    matplotlib.rcParams["svg.hashsalt"] = "pynn"
    figure.savefig(HERE / name, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def box(axes: Any, x: float, y: float, text: str, colour: str = _PALE, width: float = 1.5) -> None:
    shape = plt.Rectangle((x - width / 2, y - 0.28), width, 0.56, fc=colour, ec="#555555", lw=0.8)
    axes.add_patch(shape)
    axes.text(x, y, text, ha="center", va="center", fontsize=8)


def arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": "#777777", "lw": 0.9}
    axes.annotate("", end, start, arrowprops=style)


def draw_round() -> None:
    figure, axes = plt.subplots(figsize=(7.2, 3.6))
    xs = (1.0, 3.0, 5.0, 7.0)
    box(axes, 4, 4.6, "common state: weights, optimizer state, steps", width=4.4)
    for i, x in enumerate(xs):
        arrow(axes, (4, 4.3), (x, 3.75))
        box(axes, x, 3.45, f"shard {i}:\nE steps, natively", "#f3d6d7")
        arrow(axes, (x, 3.15), (2.0 if x < 4 else 6.0, 2.58))
    for x, name in ((2.0, "sum 0 + 1"), (6.0, "sum 2 + 3")):
        box(axes, x, 2.3, f"{name}, float64", width=2.0)
        arrow(axes, (x, 2.0), (4, 1.43))
    box(axes, 4, 1.15, "sum, divided by 4, in the weights' type", width=3.4)
    arrow(axes, (4, 0.85), (4, 0.38))
    box(axes, 4, 0.1, "client: callbacks, history, checkpoint; the next round", width=4.8)
    axes.set_xlim(0, 8)
    axes.set_ylim(-0.3, 5)
    axes.axis("off")
    save(figure, "round.svg")


def draw_model() -> None:
    figure, all_axes = plt.subplots(1, 2, figsize=(7.2, 3.0), sharey=True)
    counts = [1, 2, 4, 8, 16, 32, 64]
    for axes, rows in zip(all_axes, (60_000, 6_000_000), strict=True):
        for gigabits, colour in ((1, _OTHER), (10, _OURS)):
            given = {
                **COSTS,
                "state_bytes": STATE_BYTES,
                "n_shards": 64,
                "steps": -(-rows // 64 // 32),
                "bandwidth": gigabits * 1e9 / 8,
            }
            alone = predicted(1, **given)
            speed = [alone / predicted(n, **given) for n in counts]
            axes.plot(counts, speed, "o-", ms=3, color=colour, label=f"{gigabits} Gbit/s")
        axes.plot(counts, counts, ":", color="#999999", lw=0.9, label="as many times")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        axes.set_xticks(counts, [str(n) for n in counts])
        axes.set_yticks(counts, [str(n) for n in counts])
        axes.set_title(f"{rows:,} rows, 64 shards", fontsize=9)
        axes.set_xlabel("workers of one thread")
    all_axes[0].set_ylabel("speed-up of an epoch")
    all_axes[0].legend(fontsize=7)
    save(figure, "model.svg")


if __name__ == "__main__":
    draw_round()
    draw_model()
