"""A record of training as a notebook shows it: a small curve and a few numbers for each figure.

Without matplotlib, so that a notebook has it in any case; for pictures to keep see _curves.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _MARGIN = 160, 36, 3
_COLORS = {"": "#1f77b4", "val_": "#ff7f0e"}  # training and validation


def history_html(history: Mapping[str, Sequence[Any]], epochs: Sequence[int]) -> str:
    """Return a table with a line for each recorded figure.

    Parameters
    ----------
    history : mapping of str to sequence of float
        What is no number (an array of several, say) is left out.
    epochs : sequence of int
        Numbers of the epochs, counted from 0.
    """
    if not epochs:
        return "<div>no epochs were recorded</div>"
    names = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    lines = [_row("th", ["", "curve", "first", "last", "lowest", "highest"])]
    for name in names:
        curves = {prefix: _numbers(history.get(prefix + name, ())) for prefix in _COLORS}
        picture = _picture(curves)
        for prefix, values in curves.items():
            if values:
                figures = [values[0], values[-1], min(values), max(values)]
                cells = [escape(prefix + name), picture, *(f"{value:.4g}" for value in figures)]
                lines.append(_row("td", cells))
                picture = ""
    legend = ", ".join(
        f'<span style="color:{color}">{"validation" if prefix else "training"}</span>'
        for prefix, color in _COLORS.items()
    )
    count = f"{len(epochs)} epoch{'s' if len(epochs) > 1 else ''}"
    return f"<div>{count} ({legend})<table>{''.join(lines)}</table></div>"


def _numbers(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values if isinstance(value, (int, float))]


def _picture(curves: Mapping[str, Sequence[float]]) -> str:
    finite = [value for values in curves.values() for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    lines = []
    for prefix, values in curves.items():
        across = (_WIDTH - 2 * _MARGIN) / max(len(values) - 1, 1)
        down = (_HEIGHT - 2 * _MARGIN) / (high - low or 1.0)
        points = " ".join(
            f"{_MARGIN + i * across:.1f},{_MARGIN + (high - value) * down:.1f}"
            for i, value in enumerate(values)
            if math.isfinite(value)
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="{_COLORS[prefix]}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}">'
        f"{''.join(lines)}</svg>"
    )


def _row(tag: str, cells: list[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"
