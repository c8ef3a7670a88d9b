"""`Picture`: rectangles, words and arrows with their places, as SVG and as a matplotlib figure.

Lengths are points, from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from pynn.plotting._matplotlib import needed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[float, float]
FONT_SIZE = 9.0
LINE_WIDTH = 0.8
ARROW_LENGTH, ARROW_WIDTH = 6.0, 5.0
_INK = "#333333"
_FONT = "DejaVu Sans"
_FONTS = f"'{_FONT}', Verdana, Geneva, sans-serif"
_POINTS_PER_INCH = 72
# Advance widths of DejaVu Sans from space to "~", in thousandths of the font's size: matplotlib
# brings that font, and SVG viewers that lack it take Verdana, whose widths are the same.
_REGULAR = (
    "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 "
    "636 636 636 337 337 838 838 838 531 1000 684 686 698 770 632 575 775 752 295 295 656 557 863 "
    "748 787 603 787 695 635 611 732 684 989 685 611 685 390 337 390 838 500 500 613 635 550 635 "
    "615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 392 634 592 818 592 592 525 636 "
    "337 636 838"
)
_BOLD = (
    "348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 "
    "696 696 696 400 400 838 838 838 580 1000 774 762 734 830 683 683 821 837 372 372 775 637 995 "
    "837 850 733 850 770 720 682 812 774 1103 771 724 725 457 365 457 838 500 500 675 716 593 716 "
    "678 435 716 712 343 343 665 343 1042 712 687 716 716 493 595 478 712 652 924 645 652 582 712 "
    "365 712 838"
)
_OTHER = 1000  # wide enough for any other character
_WIDTHS = {
    bold: {chr(32 + i): int(width) for i, width in enumerate(table.split())}
    for bold, table in ((False, _REGULAR), (True, _BOLD))
}


@dataclass(frozen=True)
class Panel:
    """A rectangle, filled and with an edge."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    edge: str

    def svg(self) -> str:
        """Return the elements of an SVG image."""
        x, y, width, height = map(_number, (self.x, self.y, self.width, self.height))
        return (
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{self.fill}" '
            f'stroke="{self.edge}"/>'
        )

    def paint(self, axes: Any, order: int) -> None:
        """Add it to matplotlib's axes, above what has a lower order."""
        from matplotlib.patches import Rectangle

        axes.add_patch(
            Rectangle(
                (self.x, self.y),
                self.width,
                self.height,
                facecolor=self.fill,
                edgecolor=self.edge,
                linewidth=LINE_WIDTH,
                zorder=order,
            )
        )


@dataclass(frozen=True)
class Label:
    """A line of text; `x` is where it begins, or its middle if it is `centered`."""

    x: float
    y: float
    text: str
    color: str
    bold: bool = False
    centered: bool = False

    def svg(self) -> str:
        """Return the elements of an SVG image."""
        style = ' font-weight="bold"' if self.bold else ""
        style += ' text-anchor="middle"' if self.centered else ""
        width = text_width(self.text, FONT_SIZE, self.bold)
        # The length makes another font take the same room.
        return (
            f'<text x="{_number(self.x)}" y="{_number(self.y)}" dy="0.35em" fill="{self.color}"'
            f'{style} textLength="{_number(width)}" lengthAdjust="spacingAndGlyphs">'
            f"{escape(self.text)}</text>"
        )

    def paint(self, axes: Any, order: int) -> None:
        """Add it to matplotlib's axes, above what has a lower order."""
        axes.text(
            self.x,
            self.y,
            self.text,
            color=self.color,
            family=_FONT,
            fontsize=FONT_SIZE,
            fontweight="bold" if self.bold else "normal",
            ha="center" if self.centered else "left",
            va="center_baseline",
            zorder=order,
            parse_math=False,
        )


@dataclass(frozen=True)
class Arrow:
    """A line with a head at its end.

    Attributes
    ----------
    points : list of (float, float)
        From an even one to the next the line is straight, from an odd one to the next it bends.
    vertical : bool
        Whether bends leave and arrive vertically, or horizontally.
    """

    points: list[Point]
    vertical: bool = True

    def bends(self) -> list[tuple[Point, Point, Point, Point]]:
        """Return the line as cubic Bezier curves, in front of the head."""
        points = [*self.points[:-1], self._neck()]
        found = []
        for i, (a, b) in enumerate(zip(points, points[1:], strict=False)):
            if i % 2 == 0:
                found.append((a, a, b, b))
            elif self.vertical:
                middle = (a[1] + b[1]) / 2
                found.append((a, (a[0], middle), (b[0], middle), b))
            else:
                middle = (a[0] + b[0]) / 2
                found.append((a, (middle, a[1]), (middle, b[1]), b))
        return found

    def _neck(self) -> Point:
        x, y = self.points[-1]
        dx, dy = self._direction()
        return x - dx * ARROW_LENGTH, y - dy * ARROW_LENGTH

    def _direction(self) -> Point:
        (x0, y0), (x1, y1) = self.points[0], self.points[-1]
        if self.vertical:
            return 0.0, 1.0 if y1 >= y0 else -1.0
        return 1.0 if x1 >= x0 else -1.0, 0.0

    def head(self) -> tuple[Point, Point, Point]:
        """Return the corners of the head, its tip first."""
        (x, y), (dx, dy) = self._neck(), self._direction()
        half = ARROW_WIDTH / 2
        return self.points[-1], (x - dy * half, y + dx * half), (x + dy * half, y - dx * half)

    def svg(self) -> str:
        """Return the elements of an SVG image."""
        bends = self.bends()
        path = [f"M{_pair(bends[0][0])}"]
        path += ["C" + " ".join(_pair(point) for point in bend[1:]) for bend in bends]
        head = " ".join(_pair(point) for point in self.head())
        return (
            f'<path d="{"".join(path)}" fill="none" stroke="{_INK}"/>'
            f'<polygon points="{head}" fill="{_INK}"/>'
        )

    def paint(self, axes: Any, order: int) -> None:
        """Add it to matplotlib's axes, above what has a lower order."""
        from matplotlib.patches import PathPatch, Polygon
        from matplotlib.path import Path

        bends = self.bends()
        points = [bends[0][0], *[point for bend in bends for point in bend[1:]]]
        codes = [Path.MOVETO] + [Path.CURVE4] * (len(points) - 1)
        line = Path(points, codes)
        axes.add_patch(
            PathPatch(line, fill=False, edgecolor=_INK, linewidth=LINE_WIDTH, zorder=order)
        )
        axes.add_patch(Polygon(self.head(), facecolor=_INK, edgecolor="none", zorder=order))


@dataclass
class Picture:
    """What is to be drawn, the first things below the later ones."""

    width: float
    height: float
    items: list[Panel | Label | Arrow] = field(default_factory=list)

    def svg(self) -> str:
        """Return the text of an SVG image.

        Examples
        --------
        >>> Picture(20, 10).svg().startswith('<svg xmlns="http://www.w3.org/2000/svg" width="20pt"')
        True
        """
        width, height = _number(self.width), _number(self.height)
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
            f'viewBox="0 0 {width} {height}" font-family="{_FONTS}" '
            f'font-size="{_number(FONT_SIZE)}" stroke-width="{_number(LINE_WIDTH)}">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]
        lines += [item.svg() for item in self.items]
        return "\n".join([*lines, "</svg>", ""])

    def figure(self) -> Figure:
        """Return a figure of the picture's size, not registered with pyplot.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        with needed():
            from matplotlib.figure import Figure
        size = (self.width / _POINTS_PER_INCH, self.height / _POINTS_PER_INCH)
        figure = Figure(figsize=size, facecolor="white")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, self.width)
        axes.set_ylim(self.height, 0)
        for order, item in enumerate(self.items):
            item.paint(axes, order)
        return figure


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text, in the unit of `size`, before anything draws it.

    Examples
    --------
    >>> text_width("Dense", 10.0)
    31.55
    """
    widths = _WIDTHS[bold]
    return sum(widths.get(character, _OTHER) for character in text) * size / 1000


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _pair(point: tuple[float, float]) -> str:
    return f"{_number(point[0])},{_number(point[1])}"
