"""The table that `Model.summary` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pynn._structure import leaves, map_leaves
from pynn.layers import Layer
from pynn.ops import Tensor

if TYPE_CHECKING:
    from pynn.models._model import Model

_WIDTH = 65
_WIDE = 98


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

    Parameters
    ----------
    line_length : int, default=None
    positions : list of float, default=None
        Where columns end, as parts of the line or as numbers of characters.
    print_fn : callable, default=print
    expand_nested, show_trainable : bool, default=False
    layer_range : None
        Accepted for Keras's sake.
    """
    print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable)


def print_summary(
    model: Model,
    line_length: int | None = None,
    positions: list[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
) -> None:
    """Print a model's layers with their output shapes and numbers of weights; see `Model.summary`.

    Raises
    ------
    ValueError
        If the model has not been built.
    """
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has not been built. Call it on data, fit it, or begin it with "
            "an Input"
        )
    write = print if print_fn is None else print_fn
    linear = _is_linear(model)
    headers = ["Layer (type)", "Output Shape", "Param #"]
    marks = [0.45, 0.83, 1.0] if linear else [0.3, 0.52, 0.63, 1.0]
    if not linear:
        headers.append("Connected to")
    if show_trainable:
        headers.append("Trainable")
        marks = [0.9 * mark for mark in marks] + [1.0]
    width = line_length or (_WIDTH if linear else _WIDE)
    marks = positions or marks
    stops = [int(width * mark) if mark <= 1 else int(mark) for mark in marks]
    write(f'Model: "{model.name}"')
    write("_" * width)
    write(_row(headers, stops))
    write("=" * width)
    _write_layers(model, "", linear, expand_nested, show_trainable, stops, write)
    write("=" * width)
    trainable = sum(weight.size for weight in model.trainable_weights)
    total = model.count_params()
    write(f"Total params: {_count(model, total)}")
    write(f"Trainable params: {_count(model, trainable)}")
    write(f"Non-trainable params: {_count(model, total - trainable)}")
    write("_" * width)


def _count(model: Model, parameters: int) -> str:
    size = parameters * (8 if model.dtype == "float64" else 4)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{parameters:,} ({size:.2f} {unit})"
        size /= 1024  # type: ignore[assignment]
    return f"{parameters:,}"


def _write_layers(
    model: Any,
    indent: str,
    linear: bool,
    expand_nested: bool,
    show_trainable: bool,
    stops: list[int],
    write: Callable[[str], Any],
) -> None:
    for layer in model.layers:
        cells = [
            f"{indent}{layer.name} ({type(layer).__name__})",
            _shape(layer),
            f"{sum(weight.size for weight in layer.weights):,}",
        ]
        if not linear:
            cells.append(", ".join(_sources(layer, model)))
        if show_trainable:
            cells.append("Y" if layer.trainable else "N")
        write(_row(cells, stops))
        if expand_nested and hasattr(layer, "layers"):
            _write_layers(layer, indent + "| ", linear, True, show_trainable, stops, write)


def _row(cells: list[str], stops: list[int]) -> str:
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
    shapes = map_leaves(lambda t: t.shape, layer._calls[0].outputs)
    if isinstance(layer._calls[0].outputs, Tensor):
        return str(shapes)
    flat = [tensor.shape for tensor in leaves(layer._calls[0].outputs)]
    return str(flat[0] if len(flat) == 1 else flat)


def _calls_within(layer: Layer, model: Any) -> list[Any]:
    network = getattr(model, "_network", None)
    if network is None:
        return []
    return [call for call in network.calls if call.layer is layer]


def _sources(layer: Layer, model: Any) -> list[str]:
    """Return the names of the layers that a layer is called on."""
    names = []
    for call in _calls_within(layer, model):
        for tensor in call.inputs:
            name = tensor.name or "?"
            index = tensor.source[1] if tensor.source else 0
            names.append(f"{name}[{index}]" if index else name)
    return names


def _is_linear(model: Model) -> bool:
    """Whether every layer follows the one before, so that saying so is needless."""
    network = getattr(model, "_network", None)
    if network is None:
        return True
    used: set[int] = set()
    for call in network.calls:
        if len(call.inputs) > 1:
            return False
        for tensor in call.inputs:
            if id(tensor) in used:
                return False
            used.add(id(tensor))
    return len(network.flat_inputs) == 1 and len(network.flat_outputs) == 1
