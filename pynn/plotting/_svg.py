"""A `Picture` as SVG, which browsers, notebooks and editors show. Needs no library."""

from __future__ import annotations

from html import escape
from typing import Any

from pynn.plotting._picture import (
    FONT_SIZE,
    LINE_WIDTH,
    Arrow,
    Label,
    Panel,
    Picture,
    text_width,
)

_FONTS = "'DejaVu Sans', Verdana, Geneva, sans-serif"
_INK = "#333333"


def to_svg(picture: Picture) -> str:
    """Return the text of an SVG image.

    Examples
    --------
    >>> to_svg(Picture(20, 10)).startswith('<svg xmlns="http://www.w3.org/2000/svg" width="20pt"')
    True
    """
    width, height = _number(picture.width), _number(picture.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" font-family="{_FONTS}" font-size="{_number(FONT_SIZE)}" '
        f'stroke-width="{_number(LINE_WIDTH)}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    writers: dict[type, Any] = {Panel: _panel, Label: _label, Arrow: _arrow}
    lines += [writers[type(item)](item) for item in picture.items]
    return "\n".join([*lines, "</svg>", ""])


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _panel(panel: Panel) -> str:
    x, y, width, height = map(_number, (panel.x, panel.y, panel.width, panel.height))
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{panel.fill}" '
        f'stroke="{panel.edge}"/>'
    )


def _label(label: Label) -> str:
    style = ' font-weight="bold"' if label.bold else ""
    style += ' text-anchor="middle"' if label.centered else ""
    width = text_width(label.text, FONT_SIZE, label.bold)
    # The length makes another font take the same room.
    return (
        f'<text x="{_number(label.x)}" y="{_number(label.y)}" dy="0.35em" fill="{label.color}"'
        f'{style} textLength="{_number(width)}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(label.text)}</text>"
    )


def _arrow(arrow: Arrow) -> str:
    bends = arrow.bends()
    path = [f"M{_pair(bends[0][0])}"]
    path += ["C" + " ".join(_pair(point) for point in bend[1:]) for bend in bends]
    head = " ".join(_pair(point) for point in arrow.head())
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{_INK}"/>'
        f'<polygon points="{head}" fill="{_INK}"/>'
    )


def _pair(point: tuple[float, float]) -> str:
    return f"{_number(point[0])},{_number(point[1])}"
