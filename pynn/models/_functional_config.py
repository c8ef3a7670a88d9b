"""A functional model as a config and back: its layers, and who is called on what.

In the config a tensor is ``{"__tensor__": [layer name, call, output]}``: which output of which of
the layer's calls within the model it is. Constants that a layer was called on are written in the
same manner where JSON has no word for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import layers
from pynn._structure import leaves
from pynn.layers import Layer
from pynn.models._network import Network
from pynn.ops import Tensor

if TYPE_CHECKING:
    from pynn.models._model import Model

_TENSOR = "__tensor__"
_TUPLE = "__tuple__"
_SLICE = "__slice__"
_ELLIPSIS = "__ellipsis__"
_ARRAY = "__array__"
_ARRAY_KINDS = "biuf"


def to_config(model: Model, network: Network) -> dict[str, Any]:
    """Return the config of a functional model."""
    calls: dict[str, list[dict[str, Any]]] = {layer.name: [] for layer in network.layers}
    places: dict[int, list[Any]] = {}
    for tensor in network.flat_inputs:
        places[id(tensor)] = [tensor.name, 0, 0]
    for call in network.calls:
        record = calls[call.layer.name]
        for i, tensor in enumerate(leaves(call.outputs)):
            places[id(tensor)] = [call.layer.name, len(record), i]
        record.append(
            {"args": _written(list(call.args), places), "kwargs": _written(call.kwargs, places)}
        )
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [
            {**_serialized(layer), "name": layer.name, "calls": calls[layer.name]}
            for layer in network.layers
        ],
        "inputs": _written(network.inputs, places),
        "outputs": _written(network.outputs, places),
    }


def _serialized(layer: Layer) -> dict[str, Any]:
    config: dict[str, Any] = layers.serialize(layer)
    return config


def _written(value: Any, places: Mapping[int, list[Any]]) -> Any:
    if isinstance(value, Tensor):
        return {_TENSOR: places[id(value)]}
    if isinstance(value, tuple):
        return {_TUPLE: [_written(item, places) for item in value]}
    if isinstance(value, list):
        return [_written(item, places) for item in value]
    if isinstance(value, Mapping):
        return {key: _written(item, places) for key, item in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in _ARRAY_KINDS:
        return {_ARRAY: value.tolist(), "dtype": value.dtype.name}
    if isinstance(value, slice):
        return {_SLICE: _written([value.start, value.stop, value.step], places)}
    if value is Ellipsis:
        return {_ELLIPSIS: True}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a layer was called on a value that cannot be written down: {value!r}")


def from_config(cls: Any, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Build a functional model from the output of `to_config`.

    Raises
    ------
    ValueError
        If a class is unknown or the calls do not fit together.
    """
    known = {**model_classes(), **(custom_objects or {})}
    made = {
        str(entry["name"]): layers.deserialize(entry, custom_objects=known)
        for entry in config["layers"]
    }
    outputs: dict[tuple[str, int], list[Tensor]] = {}
    for name, layer in made.items():
        if isinstance(layer, layers.InputLayer):
            outputs[name, 0] = [layer.output]
    pending = [
        (str(entry["name"]), i, call)
        for entry in config["layers"]
        for i, call in enumerate(entry["calls"])
        if (str(entry["name"]), i) not in outputs
    ]
    while pending:
        waiting = []
        for name, i, call in pending:
            try:
                args = _read(call["args"], outputs)
                kwargs = _read(call["kwargs"], outputs)
            except KeyError:
                waiting.append((name, i, call))
                continue
            outputs[name, i] = list(leaves(made[name](*args, **kwargs)))
        if len(waiting) == len(pending):
            raise ValueError(
                f"the config of model {config.get('name')!r} has layers whose inputs nothing "
                f"computes: {', '.join(repr(name) for name, _, _ in waiting)}"
            )
        pending = waiting
    inputs = _read(config["inputs"], outputs)
    model = cls(inputs=inputs, outputs=_read(config["outputs"], outputs), name=config.get("name"))
    model._trainable = bool(config.get("trainable", True))
    return model


def _read(value: Any, outputs: Mapping[tuple[str, int], list[Tensor]]) -> Any:
    if isinstance(value, Mapping):
        if _TENSOR in value:
            name, call, index = value[_TENSOR]
            return outputs[str(name), int(call)][int(index)]
        if _TUPLE in value:
            return tuple(_read(item, outputs) for item in value[_TUPLE])
        if _SLICE in value:
            return slice(*value[_SLICE])
        if _ELLIPSIS in value:
            return Ellipsis
        if _ARRAY in value:
            return _array(value)
        return {key: _read(item, outputs) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item, outputs) for item in value]
    return value


def _array(value: Mapping[str, Any]) -> np.ndarray:
    dtype = np.dtype(value["dtype"])
    if dtype.kind not in _ARRAY_KINDS:
        raise ValueError(f"a constant of a model must hold numbers. Received: dtype={dtype}")
    return np.asarray(value[_ARRAY], dtype)


def model_classes() -> dict[str, Any]:
    """Return the classes of models by the names that configs use."""
    from pynn.models._mlp import MLP
    from pynn.models._model import Model
    from pynn.models._sequential import Sequential

    return {"MLP": MLP, "Model": Model, "Functional": Model, "Sequential": Sequential}
