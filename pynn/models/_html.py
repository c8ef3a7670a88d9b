"""What a notebook shows of a model: its layers, and a picture of how they connect."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pynn.models._diagram import type_name
from pynn.models._summary import is_linear, layer_rows, totals
from pynn.plotting import model_svg

if TYPE_CHECKING:
    from pynn.models._model import Model


def html_of(model: Model) -> str:
    """Return what a notebook shows of a model: its layers, and a picture of how they connect."""
    title = f"<b>{escape(type(model).__name__)}</b> {escape(repr(model.name))}"
    linear = is_linear(model)
    headers = ["Layer", "Type", "Output shape", "Parameters"]
    headers += [] if linear else ["Connected to"]
    lines = [_html_row("th", headers)]
    for row in layer_rows(model, expand_nested=True):
        name = "\u2003" * row.depth + row.layer.name
        frozen = "" if row.layer.trainable or not row.parameters else " (frozen)"
        cells = [name, type_name(row.layer), row.shape, f"{row.parameter_count}{frozen}"]
        lines.append(_html_row("td", cells if linear else [*cells, ", ".join(row.sources)]))
    picture = (
        f"<details><summary>Picture</summary>{model_svg(model)}</details>" if model.built else ""
    )
    table = f"<table>{''.join(lines)}</table>{'<br/>'.join(map(escape, totals(model)))}"
    return f"<div>{title}{table}{picture}</div>"


def _html_row(tag: str, cells: list[str]) -> str:
    style = ' style="text-align:left"'
    return f"<tr>{''.join(f'<{tag}{style}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
