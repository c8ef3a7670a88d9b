"""A `Picture` as a matplotlib figure, for PNG, PDF and whatever else matplotlib writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn.plotting._matplotlib import needed
from pynn.plotting._picture import FONT_SIZE, LINE_WIDTH, Arrow, Label, Panel, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FONT = "DejaVu Sans"
_INK = "#333333"
_POINTS_PER_INCH = 72


def to_figure(picture: Picture) -> Figure:
    """Return a figure of the picture's size, not registered with pyplot.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    with needed():
        from matplotlib.figure import Figure
    size = (picture.width / _POINTS_PER_INCH, picture.height / _POINTS_PER_INCH)
    figure = Figure(figsize=size, facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    painters: dict[type, Any] = {Panel: _panel, Label: _label, Arrow: _arrow}
    for order, item in enumerate(picture.items):
        painters[type(item)](axes, item, order)
    return figure


def _panel(axes: Any, panel: Panel, order: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (panel.x, panel.y),
            panel.width,
            panel.height,
            facecolor=panel.fill,
            edgecolor=panel.edge,
            linewidth=LINE_WIDTH,
            zorder=order,
        )
    )


def _label(axes: Any, label: Label, order: int) -> None:
    axes.text(
        label.x,
        label.y,
        label.text,
        color=label.color,
        family=_FONT,
        fontsize=FONT_SIZE,
        fontweight="bold" if label.bold else "normal",
        ha="center" if label.centered else "left",
        va="center_baseline",
        zorder=order,
        parse_math=False,
    )


def _arrow(axes: Any, arrow: Arrow, order: int) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    bends = arrow.bends()
    points = [bends[0][0], *[point for bend in bends for point in bend[1:]]]
    codes = [Path.MOVETO] + [Path.CURVE4] * (len(points) - 1)
    line = Path(points, codes)
    axes.add_patch(PathPatch(line, fill=False, edgecolor=_INK, linewidth=LINE_WIDTH, zorder=order))
    axes.add_patch(Polygon(arrow.head(), facecolor=_INK, edgecolor="none", zorder=order))
