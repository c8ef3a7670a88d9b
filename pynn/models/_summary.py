"""What `Model.summary` prints: layers, shapes, parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pynn._structure import leaves
from pynn.layers import Layer
from pynn.ops import Tensor

if TYPE_CHECKING:
    from pynn.models._diagram import Box
    from pynn.models._model import Model

_WIDTH = 65
_WIDE = 98
_WIDEST = 140


class Row(NamedTuple):
    """A line of the table: a layer, `depth` models deep."""

    layer: Layer
    depth: int
    shape: str
    sources: tuple[str, ...]

    @property
    def title(self) -> str:
        from pynn.models._diagram import type_name  # here, as most programs print none

        return f"{self.layer.name} ({type_name(self.layer)})"

    @property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.layer.weights)

    @property
    def parameter_count(self) -> str:
        return f"{self.parameters:,}" + ("" if self.layer.built else " (unbuilt)")


def summary(
    self: Model,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Any = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Print the layers with their output shapes and numbers of weights.

    A subclassed model is listed by its layers, with what its recorded `call` connects them to.

    Parameters
    ----------
    line_length : int, default=None
        None is wide enough for what there is to say.
    positions : list of float, default=None
        Where columns end, as parts of the line or as numbers of characters.
    print_fn : callable, default=print
    expand_nested, show_trainable : bool, default=False
    layer_range : (str, str), default=None
        Names of the first and the last layer to list, or regular expressions for them.

    Raises
    ------
    ValueError
        If no layer has such a name.
    """
    write = print if print_fn is None else print_fn
    rows = _in_range(list(layer_rows(self, expand_nested)), layer_range)
    linear = is_linear(self)
    headers = ["Layer (type)", "Output Shape", "Param #"]
    marks = [0.45, 0.83, 1.0] if linear else [0.3, 0.52, 0.63, 1.0]
    if not linear:
        headers.append("Connected to")
    if show_trainable:
        headers.append("Trainable")
        marks = [0.9 * mark for mark in marks] + [1.0]
    table = [_cells(row, linear, show_trainable) for row in rows]
    width = line_length or (_WIDTH if linear else _WIDE)
    stops = [int(width * mark) if mark <= 1 else int(mark) for mark in positions or marks]
    if line_length is None and positions is None:
        stops = _widened(stops, [headers, *table])
        width = max(width, stops[-1])
    write(f'Model: "{self.name}"')
    write("_" * width)
    write(_line(headers, stops))
    write("=" * width)
    for cells in table:
        write(_line(cells, stops))
    write("=" * width)
    for line in totals(self):
        write(line)
    write("_" * width)


def totals(model: Model) -> Iterator[str]:
    """Yield the lines below the table: how many weights, and where the model runs."""
    trainable = sum(weight.size for weight in model.trainable_weights)
    total = sum(weight.size for weight in model.weights)
    yield f"Total params: {_count(model, total)}"
    yield f"Trainable params: {_count(model, trainable)}"
    yield f"Non-trainable params: {_count(model, total - trainable)}"
    if model._is_eager:
        yield "Runs eagerly, batch by batch: its call() looks at the values of tensors"
    else:
        yield from _what_is_interpreted(model)


def _what_is_interpreted(model: Model) -> Iterator[str]:
    """Say what keeps the model, or its training as compiled, from running in the engine."""
    if model._interface is None:
        return
    reason = model._plan(training=True).reason or model._plan().reason
    if reason:
        yield f"Runs in NumPy, node by node: the engine does not have {reason}"
    elif model._plan().batch_op:
        op = model._plan().batch_op
        yield f"Predicts in NumPy, node by node: its {op} looks at all rows of a batch"
    if not reason and model._trainers.reason:
        yield f"Trains in NumPy, node by node: the engine does not have {model._trainers.reason}"


def _count(model: Model, parameters: int) -> str:
    size = parameters * (8 if model.dtype == "float64" else 4)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{parameters:,} ({size:.2f} {unit})"
        size /= 1024  # type: ignore[assignment]
    return f"{parameters:,}"


def layer_rows(model: Any, expand_nested: bool, depth: int = 0) -> Iterator[Row]:
    """Yield the rows of a model's layers."""
    sources = _sources(model)
    for layer in model.operations:
        yield Row(layer, depth, _shape(layer), tuple(sources.get(id(layer), ())))
        if expand_nested and hasattr(layer, "operations"):
            yield from layer_rows(layer, True, depth + 1)


def _in_range(rows: list[Row], layer_range: Any) -> list[Row]:
    """Return the rows from the first to the last that two patterns name."""
    if layer_range is None:
        return rows
    if not isinstance(layer_range, (list, tuple)) or len(layer_range) != 2:
        raise ValueError(
            f"layer_range must be a pair of layers' names. Received: layer_range={layer_range!r}"
        )

    found = []
    for pattern in layer_range:
        matching = [i for i, row in enumerate(rows) if re.fullmatch(pattern, row.layer.name)]
        if not matching:
            names = ", ".join(row.layer.name for row in rows)
            raise ValueError(f"there is no layer named {pattern!r}. The layers are: {names}")
        found.append(matching)
    first, last = min(found[0] + found[1]), max(found[0] + found[1])
    return rows[first : last + 1]


def _cells(row: Row, linear: bool, show_trainable: bool) -> list[str]:
    cells = ["| " * row.depth + row.title, row.shape, row.parameter_count]
    if not linear:
        cells.append(", ".join(row.sources) or "-")
    if show_trainable:
        cells.append("Y" if row.layer.trainable else "N")
    return cells


def _widened(stops: list[int], table: list[list[str]]) -> list[int]:
    """Return wider columns where something does not fit, up to a limit for all together."""
    widths = [stop - start for start, stop in zip([0, *stops[:-1]], stops, strict=True)]
    for i, width in enumerate(widths):
        wanted = max(len(cells[i]) for cells in table) + 1
        room = _WIDEST - sum(widths)
        widths[i] += max(0, min(wanted - width, room))
    return [sum(widths[: i + 1]) for i in range(len(widths))]


def _line(cells: list[str], stops: list[int]) -> str:
    """Put cells side by side; one that is too long goes on in further lines."""
    starts = [0, *stops[:-1]]
    widths = [stop - start for start, stop in zip(starts, stops, strict=True)]
    lines: list[str] = []
    pending = list(cells)
    while not lines or any(pending):
        line = ""
        for i, width in enumerate(widths):
            room = width - 1
            line += pending[i][:room].ljust(width)
            pending[i] = pending[i][room:]
        lines.append(line.rstrip())
    return "\n".join(lines)


def _shape(layer: Layer) -> str:
    if not layer._calls:
        return "?"
    outputs = layer._calls[0].outputs
    flat = [tensor.shape for tensor in leaves(outputs)]
    return str(flat[0] if isinstance(outputs, Tensor) or len(flat) == 1 else flat)


def _sources(model: Any) -> dict[int, list[str]]:
    """Return the names of what each layer is called on, by the layers' ids."""
    if model._interface is None or model._is_eager:
        return {}
    boxes = model._diagram().boxes
    listed = {id(layer) for layer in model.operations}
    found: dict[int, list[str]] = {}
    for box in boxes:
        if id(box.layer) in listed:
            found.setdefault(id(box.layer), []).extend(_listed_sources(box, boxes, listed))
    return found


def _listed_sources(box: Box, boxes: list[Box], listed: set[int]) -> Iterator[str]:
    """Yield what a box takes from layers and inputs, directly or by way of ops in between."""
    for source in box.sources:
        other = boxes[source.box]
        if id(other.layer) in listed or not other.sources:
            yield f"{other.name}[{source.call}][{source.output}]"
        else:
            yield from _listed_sources(other, boxes, listed)


def is_linear(model: Any) -> bool:
    """Whether every layer is called on the one listed before, so that saying so is needless."""
    sources = _sources(model)
    if not sources:
        return True
    before = [f"{name}[0][0]" for name in model.input_names]
    for layer in model.operations:
        taken = sources.get(id(layer))
        if len(before) > 1 or taken is None or (taken and taken != before):
            return False
        before = [f"{layer.name}[0][0]"]
    return len(model.outputs) == 1
