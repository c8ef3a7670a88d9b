"""A functional model as a config and back: its layers, and who is called on what.

In the config a tensor is ``{"__tensor__": [layer name, call, output]}``: which output of which of
the layer's calls within the model it is. Constants that a layer was called on are written in the
same manner where JSON has no word for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pynn import layers
from pynn._files import noted
from pynn._json import decode, encode
from pynn._structure import leaves
from pynn.models._call_graph import CallGraph
from pynn.ops import Tensor

if TYPE_CHECKING:
    from pynn.models._base_model import BaseModel

_TENSOR = "__tensor__"
_Place = tuple[str, int]  # a layer's name, and which of its calls within the model

# The classes of models by the names that configs use: each is entered where it is defined.
CLASSES: dict[str, Any] = {}


def to_config(model: BaseModel, network: CallGraph) -> dict[str, Any]:
    """Return the config of a functional model."""
    calls: dict[str, list[dict[str, Any]]] = {layer.name: [] for layer in network.layers}
    places: dict[int, list[Any]] = {}
    for tensor in network.flat_inputs:
        places[id(tensor)] = [tensor.name, 0, 0]

    def place(value: Any) -> Any:
        if isinstance(value, Tensor):
            return {_TENSOR: places[id(value)]}
        raise ValueError(f"a layer was called on a value that cannot be written down: {value!r}")

    def written(value: Any) -> Any:
        return encode(value, place, marked=True)

    for call in network.calls:
        record = calls[call.layer.name]
        for i, tensor in enumerate(leaves(call.outputs)):
            places[id(tensor)] = [call.layer.name, len(record), i]
        record.append({"args": written(list(call.args)), "kwargs": written(call.kwargs)})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [
            {**layers.serialize(layer), "name": layer.name, "calls": calls[layer.name]}
            for layer in network.layers
        ],
        "inputs": written(network.inputs),
        "outputs": written(network.outputs),
    }


def from_config(cls: Any, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Build a functional model from the output of `to_config`.

    Raises
    ------
    ValueError
        If a class is unknown or the calls do not fit together.
    """
    entries = config["layers"]
    if not all("calls" in entry for entry in entries):
        raise ValueError(
            f"the config of model {config.get('name')!r} is none of pynn's: its layers have no "
            "'calls'. Of Keras's models pynn loads files, with load_model"
        )
    found_layers = layers_from(entries, custom_objects)
    made = {str(e["name"]): layer for e, layer in zip(entries, found_layers, strict=True)}
    outputs: dict[_Place, list[Tensor]] = {}
    for name, layer in made.items():
        if isinstance(layer, layers.InputLayer):
            outputs[name, 0] = [layer.output]
    missing: set[_Place] = set()

    def read(value: Any) -> Any:
        return decode(value, {_TENSOR: found})

    def found(place: Any) -> Any:
        name, call, index = place
        key = (str(name), int(call))
        if key in outputs:
            return outputs[key][int(index)]
        missing.add(key)
        return None

    ready = [
        ((str(entry["name"]), i), call)
        for entry in entries
        for i, call in enumerate(entry["calls"])
        if (str(entry["name"]), i) not in outputs
    ][::-1]
    waiting: dict[_Place, list[Any]] = {}  # by the call that is waited for
    waits: Counter[_Place] = Counter()
    while ready:
        place, call = ready.pop()
        missing.clear()
        args, kwargs = read(call["args"]), read(call["kwargs"])
        if missing:
            waits[place] = len(missing)
            for key in missing:
                waiting.setdefault(key, []).append((place, call))
            continue
        if not any(isinstance(value, Tensor) for value in leaves([args, kwargs])):
            raise ValueError(f"layer {place[0]!r} is called on no tensor. Received: {args!r}")
        with noted(f"call {place[1]} of layer {place[0]!r}"):
            outputs[place] = list(leaves(made[place[0]](*args, **kwargs)))
        for later in waiting.pop(place, []):
            waits[later[0]] -= 1
            if not waits[later[0]]:
                ready.append(later)
    if waiting:
        names = dict.fromkeys(place[0] for calls in waiting.values() for place, _ in calls)
        raise ValueError(
            f"the config of model {config.get('name')!r} has layers whose inputs nothing "
            f"computes: {', '.join(map(repr, names))}"
        )
    inputs, ends = read(config["inputs"]), read(config["outputs"])
    model = cls(inputs=inputs, outputs=ends, name=config.get("name"))
    model._trainable = bool(config.get("trainable", True))
    return model


def layers_from(entries: Any, custom_objects: Mapping[str, Any] | None) -> list[Any]:
    """Return the layers, models among them, that entries of a config describe."""
    known = known_classes(custom_objects)
    made = []
    for i, entry in enumerate(entries):
        with noted(f"layer {i} of {len(entries)}"):
            made.append(layers.deserialize(entry, custom_objects=known))
    return made


def known_classes(custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the classes of models by the names that configs use, and custom objects."""
    return {**CLASSES, **(custom_objects or {})}
