"""`Diagram`: a model as boxes and what flows between them, for whatever shows or writes graphs.

Only structure: where a box stands in a picture, and what it says there, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pynn._call import Call
from pynn._structure import leaves
from pynn._tensor import Shape
from pynn.graph import steps_between, tensors_of
from pynn.layers import OPERATIONS, InputLayer, Layer
from pynn.ops import Node, Tensor

if TYPE_CHECKING:
    from pynn.models._model import Model


@dataclass(frozen=True)
class Source:
    """What flows into a box: an output of another box, at an input of this one.

    `call` counts the calls of the layer that it comes from.
    """

    box: int
    output: int
    input: int
    call: int = 0


@dataclass
class Box:
    """A layer of a diagram, or an op between layers.

    Attributes
    ----------
    name, kind : str
        Of the layer, and of its class.
    layer : Layer or None
        None for an op, and for the input of a model that was recorded from its data.
    input_shapes, output_shapes : list of tuple
        Of the layer's first call.
    dtype : str
    activation : str or None
    trainable : bool or None
        None for what has no weights.
    sources : list of Source
        In the order of the layer's calls, and of their arguments.
    inside : Diagram or None
        Of a model within the model.
    """

    name: str
    kind: str
    layer: Layer | None
    input_shapes: list[Shape]
    output_shapes: list[Shape]
    dtype: str
    activation: str | None = None
    trainable: bool | None = None
    sources: list[Source] = field(default_factory=list)
    inside: Diagram | None = None


@dataclass
class Diagram:
    """A model as boxes.

    Attributes
    ----------
    name, kind : str
        Of the model, and of its class.
    boxes : list of Box
        Each after those that it takes something from.
    inputs : list of int
        Which boxes are the model's inputs.
    outputs : list of (int, int)
        Which output of which box each of the model's outputs is.
    """

    name: str
    kind: str
    boxes: list[Box]
    inputs: list[int]
    outputs: list[tuple[int, int]]


def diagram_of(model: Model) -> Diagram:
    """Return the diagram of a model.

    A layer is one box, however often it is called, unless that would make a circle: then each of
    its calls is one. A model whose `call` looks at values has no recorded graph, and is one box.

    Raises
    ------
    ValueError
        If the model has not been built.
    """
    interface = model._interface_or_fail()
    inputs, outputs = interface.flat_inputs, interface.flat_outputs
    names = interface.input_names
    if model._is_eager:
        return _opaque(model, inputs, outputs, names)
    steps = list(steps_between(inputs, outputs, _made_by, _taken))
    found, places = _boxes(inputs, steps, names, merged=True)
    order = _order(found)
    if order is None:
        found, places = _boxes(inputs, steps, names, merged=False)
        order = list(range(len(found)))
    position = {old: new for new, old in enumerate(order)}
    for box in found:
        box.sources = [replace(s, box=position[s.box]) for s in box.sources]
    return Diagram(
        model.name,
        type(model).__name__,
        [found[old] for old in order],
        [position[places[id(tensor)][0]] for tensor in inputs],
        [(position[places[id(t)][0]], places[id(t)][1]) for t in outputs],
    )


Step = Call | Node


def _made_by(tensor: Tensor) -> Any:
    return tensor.node if tensor.source is None else tensor.source[0]


def _taken(step: Step) -> list[Tensor]:
    return step.inputs if isinstance(step, Call) else tensors_of(step)


def _boxes(
    inputs: list[Tensor], steps: list[Step], input_names: list[str], merged: bool
) -> tuple[list[Box], dict[int, tuple[int, int]]]:
    """Return boxes, and by the tensors' ids which output of which box they are."""
    boxes: list[Box] = []
    places: dict[int, tuple[int, int]] = {}
    for tensor, name in zip(inputs, input_names, strict=True):
        places[id(tensor)] = (len(boxes), 0)
        boxes.append(_input_box(tensor, name))
    known: dict[int, int] = {}
    counts: dict[str, int] = {}
    for step in steps:
        key = id(step.layer) if merged and isinstance(step, Call) else id(step)
        if key not in known:
            known[key] = len(boxes)
            boxes.append(_layer_box(step) if isinstance(step, Call) else _op_box(step, counts))
        place = known[key]
        for i, tensor in enumerate(_taken(step)):
            source = tensor.source
            number = 0 if source is None else source[0].layer._calls.index(source[0])
            boxes[place].sources.append(Source(*places[id(tensor)], i, number))
        for i, tensor in enumerate(leaves(step.outputs if isinstance(step, Call) else step.output)):
            places[id(tensor)] = (place, i)
    return boxes, places


def _order(boxes: list[Box]) -> list[int] | None:
    """Return the boxes' numbers, each after its sources'; None if there is a circle."""
    order: list[int] = []
    placed: set[int] = set()
    waiting = list(range(len(boxes)))
    while waiting:
        ready = [i for i in waiting if all(s.box in placed for s in boxes[i].sources)]
        if not ready:
            return None
        order += ready
        placed.update(ready)
        waiting = [i for i in waiting if i not in placed]
    return order


def _input_box(tensor: Tensor, name: str) -> Box:
    layer = None if tensor.source is None else tensor.source[0].layer
    layer = layer if isinstance(layer, InputLayer) else None
    name = name if layer is None else layer.name
    return Box(name, "InputLayer", layer, [tensor.shape], [tensor.shape], tensor.dtype)


def _layer_box(call: Call) -> Box:
    layer: Any = call.layer
    activation = getattr(layer, "activation", None)
    is_op = isinstance(layer, OPERATIONS)
    return Box(
        layer.name,
        type_name(layer),
        layer,
        [tensor.shape for tensor in call.inputs],
        [tensor.shape for tensor in leaves(call.outputs)],
        leaves(call.outputs)[0].dtype if is_op else layer.dtype,
        activation=_name_of(activation) if callable(activation) else None,
        trainable=layer.trainable if layer.weights else None,
        inside=diagram_of(layer) if hasattr(layer, "_interface_or_fail") else None,
    )


def type_name(layer: Layer) -> str:
    """Return what a layer is, for pictures and tables: its class, or its op in the same form."""
    if isinstance(layer, OPERATIONS):
        return _title(layer.op_name)
    return getattr(layer, "_keras_class", type(layer).__name__)


def _op_box(node: Node, counts: dict[str, int]) -> Box:
    name = node.op.name
    count = counts[name] = counts.get(name, -1) + 1
    shapes = [tensor.shape for tensor in _taken(node)]
    output = node.output
    name = f"{name}_{count}" if count else name
    return Box(name, _title(node.op.name), None, shapes, [output.shape], output.dtype)


def _opaque(
    model: Model, inputs: list[Tensor], outputs: list[Tensor], input_names: list[str]
) -> Diagram:
    boxes = [_input_box(tensor, name) for tensor, name in zip(inputs, input_names, strict=True)]
    boxes.append(
        Box(
            model.name,
            type(model).__name__,
            model,
            [tensor.shape for tensor in inputs],
            [tensor.shape for tensor in outputs],
            model.dtype,
            trainable=model.trainable if model.weights else None,
            sources=[Source(i, 0, i) for i in range(len(inputs))],
        )
    )
    places = [(len(inputs), i) for i in range(len(outputs))]
    return Diagram(model.name, type(model).__name__, boxes, list(range(len(inputs))), places)


def _title(op_name: str) -> str:
    return "".join(word.title() for word in op_name.split("_"))


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
