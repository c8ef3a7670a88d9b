"""A model's diagram as a `Picture`: a card for each layer, a frame for each model inside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pynn.plotting._layered_layout import Layout, Link, layered_layout
from pynn.plotting._picture import FONT_SIZE, Arrow, Label, Panel, Picture, text_width

_ROW = 15.0
_PADDING = 8.0  # beside text
_MARGIN = 10.0  # around the picture, and within a frame
_EDGE = "#333333"
_LIGHT, _DARK = "#ffffff", "#222222"
# Heads of cards: inputs, layers with weights, frozen ones, everything else.
_INPUT, _WEIGHTS, _FROZEN, _PLAIN = "#5f6b76", "#1f5a94", "#7f8fa3", "#2f7d73"
_FRAME, _FRAME_EDGE = "#f1f4f8", "#8a97a6"


@dataclass(frozen=True)
class PictureOptions:
    """What a picture of a model shows; see `plot_model` for the fields."""

    shapes: bool = False
    dtype: bool = False
    layer_names: bool = False
    layer_activations: bool = False
    trainable: bool = False
    expand_nested: bool = False
    rankdir: str = "TB"

    @property
    def vertical(self) -> bool:
        """Whether layers follow one another vertically."""
        return self.rankdir in ("TB", "BT")


def model_picture(diagram: Any, options: PictureOptions) -> Picture:
    """Return the picture of a `pynn.models` diagram."""
    inner = _Canvas(diagram, options).picture
    picture = Picture(inner.width + 2 * _MARGIN, inner.height + 2 * _MARGIN)
    picture.items = [_moved(item, _MARGIN, _MARGIN) for item in inner.items]
    return picture


class _Card:
    """A layer's rectangle with its head and rows, at the origin."""

    def __init__(self, box: Any, options: PictureOptions) -> None:
        title = f"{box.name} ({box.kind})" if options.layer_names else box.kind
        rows = _rows(box, options)
        keys = max((text_width(key, FONT_SIZE) for key, _ in rows), default=0.0)
        widest = max((keys + _PADDING + text_width(text, FONT_SIZE) for _, text in rows), default=0)
        title_width = text_width(title, FONT_SIZE, bold=True)
        self.width = max(widest, title_width, 40.0) + 2 * _PADDING
        head = _ROW + 4
        self.height = head + _ROW * len(rows) + (4 if rows else 0)
        fill = _head_color(box)
        self.items: list[Any] = [
            Panel(0, 0, self.width, self.height, _LIGHT, _EDGE),
            Panel(0, 0, self.width, head, fill, _EDGE),
            Label(self.width / 2, head / 2, title, _LIGHT, bold=True, centered=True),
        ]
        for i, (key, text) in enumerate(rows):
            y = head + 2 + (i + 0.5) * _ROW
            self.items.append(Label(_PADDING, y, key, "#6b7580"))
            self.items.append(Label(2 * _PADDING + keys, y, text, _DARK))
        self.inlets: list[float | None] = [None] * max(len(box.input_shapes), 1)
        self.outlets: list[float | None] = [None] * max(len(box.output_shapes), 1)


class _Frame:
    """A model within the model, drawn in full inside a rectangle with its name."""

    def __init__(self, box: Any, options: PictureOptions) -> None:
        canvas = _Canvas(box.inside, options)
        title = f"{box.name} ({box.kind})" if options.layer_names else box.kind
        title_width = text_width(title, FONT_SIZE, bold=True)
        self.width = max(canvas.picture.width, title_width) + 2 * _MARGIN
        self.height = canvas.picture.height + 2 * _MARGIN + _ROW
        left = (self.width - canvas.picture.width) / 2
        top = _MARGIN + _ROW
        self.items = [
            Panel(0, 0, self.width, self.height, _FRAME, _FRAME_EDGE),
            Label(_MARGIN, _MARGIN / 2 + _ROW / 2, title, _DARK, bold=True),
            *[_moved(item, left, top) for item in canvas.picture.items],
        ]
        shift = left if options.vertical else top
        self.inlets: list[float | None] = [shift + place for place in canvas.inlets]
        self.outlets: list[float | None] = [shift + place for place in canvas.outlets]


class _Canvas:
    """A diagram laid out: its picture, and where across its inputs and outputs are."""

    picture: Picture
    inlets: list[float]
    outlets: list[float]

    def __init__(self, diagram: Any, options: PictureOptions) -> None:
        cards = [
            _Frame(box, options) if box.inside and options.expand_nested else _Card(box, options)
            for box in diagram.boxes
        ]
        links: dict[tuple[int, ...], Link] = {}
        for target, box in enumerate(diagram.boxes):
            for source in box.sources:
                leaves = cards[source.box].outlets[source.output]
                enters = cards[target].inlets[source.input]
                # A layer that is called twice on the same, or on two outputs, gets one arrow.
                ports = (source.output, source.input) if leaves or enters else ()
                links[source.box, target, *ports] = Link(source.box, target, leaves, enters)
        across = [(c.width, c.height) if options.vertical else (c.height, c.width) for c in cards]
        layout = layered_layout(across, list(links.values()))
        self.picture = _drawn(cards, layout, options)
        self.inlets = [layout.corners[i][0] + across[i][0] / 2 for i in diagram.inputs]
        self.outlets = [layout.corners[i][0] + across[i][0] / 2 for i, _ in diagram.outputs]


def _drawn(cards: list[Any], layout: Layout, options: PictureOptions) -> Picture:
    """Turn a layout from top to bottom into the direction that is wanted."""
    width, height = layout.width, layout.height
    backwards = options.rankdir in ("BT", "RL")

    def oriented(x: float, y: float) -> tuple[float, float]:
        y = height - y if backwards else y
        return (x, y) if options.vertical else (y, x)

    picture = Picture(*((width, height) if options.vertical else (height, width)))
    for route in layout.routes:
        picture.items.append(Arrow([oriented(x, y) for x, y in route], options.vertical))
    for card, (x, y) in zip(cards, layout.corners, strict=True):
        along = card.height if options.vertical else card.width
        left, top = oriented(x, y + along if backwards else y)
        picture.items += [_moved(item, left, top) for item in card.items]
    return picture


def _moved(item: Any, dx: float, dy: float) -> Any:
    if isinstance(item, Arrow):
        return replace(item, points=[(x + dx, y + dy) for x, y in item.points])
    return replace(item, x=item.x + dx, y=item.y + dy)


def _head_color(box: Any) -> str:
    if box.kind == "InputLayer":
        return _INPUT
    if box.trainable is None:
        return _PLAIN
    return _WEIGHTS if box.trainable else _FROZEN


def _rows(box: Any, options: PictureOptions) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if options.layer_activations and box.activation is not None:
        rows.append(("activation", box.activation))
    if options.shapes:
        sides = [("input", box.input_shapes), ("output", box.output_shapes)]
        if box.kind == "InputLayer":
            sides = [("shape", box.output_shapes)]
        for key, shapes in sides:
            rows += [("" if i else key, str(shape)) for i, shape in enumerate(shapes)]
    if options.dtype:
        rows.append(("dtype", box.dtype))
    if options.trainable and box.trainable is not None:
        rows.append(("trainable", "yes" if box.trainable else "no"))
    return rows
