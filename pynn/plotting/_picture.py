"""`Picture`: rectangles, words and arrows with their places, for any renderer to draw.

Lengths are points, from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Point = tuple[float, float]
FONT_SIZE = 9.0
LINE_WIDTH = 0.8
ARROW_LENGTH, ARROW_WIDTH = 6.0, 5.0


@dataclass(frozen=True)
class Panel:
    """A rectangle, filled and with an edge."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    edge: str


@dataclass(frozen=True)
class Label:
    """A line of text; `x` is where it begins, or its middle if it is `centered`."""

    x: float
    y: float
    text: str
    color: str
    bold: bool = False
    centered: bool = False


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


@dataclass
class Picture:
    """What is to be drawn, the first things below the later ones."""

    width: float
    height: float
    items: list[Panel | Label | Arrow] = field(default_factory=list)
