"""Configs of models, as Keras's of either generation and as pynn's own, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pynn import layers
from pynn._structure import leaves, map_leaves
from pynn.formats.keras._layers import is_pynn, layer_from_keras, layer_to_keras
from pynn.formats.keras._ops import call_from_keras, is_op, op_from_keras, op_to_keras
from pynn.formats.keras._values import (
    argument_from_keras,
    argument_to_keras,
    tensor_place,
    value_from_keras,
)
from pynn.layers import Function, Layer, Merge, Operation
from pynn.ops import Tensor

if TYPE_CHECKING:
    from pynn.models import Model

_FUNCTIONAL = ("Functional", "Model")


def keras_class(layer: Layer) -> str:
    """Return what Keras calls the class of a layer or model."""
    return getattr(layer, "_keras_class", type(layer).__name__)


def is_recorded_model(layer: Layer) -> bool:
    """Whether it is a model whose layers and calls Keras writes down."""
    return hasattr(layer, "_keras_class") and keras_class(layer) in ("Sequential", "Functional")


# ---- to Keras


def model_to_keras(model: Model) -> dict[str, Any]:
    """Return Keras's entry for a model.

    Raises
    ------
    ValueError
        If it is of a class, or has a layer, that Keras lacks.
    """
    kind = keras_class(model)
    if model._call_graph is None or not is_pynn(type(model)) or not is_recorded_model(model):
        raise ValueError(f"{type(model).__name__} {model.name!r} is a class that Keras lacks")
    config: dict[str, Any] = {"name": model.name, "trainable": model.trainable}
    if kind == "Sequential":
        begin: Any = model.inputs[0].source[0].layer
        config["layers"] = [_to_keras(layer) for layer in (begin, *model.layers)]
        config["build_input_shape"] = list(model.input_shape)
    else:
        config.update(_graph(model._call_graph))
    module = "keras" if kind == "Sequential" else "keras.src.models.functional"
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": kind if kind == "Functional" else None,
        "build_config": {"input_shape": map_leaves(lambda t: list(t.shape), model.input)},
    }


def _to_keras(layer: Any) -> dict[str, Any]:
    return model_to_keras(layer) if hasattr(layer, "_keras_class") else layer_to_keras(layer)


def _graph(network: Any) -> dict[str, Any]:
    """Return layers and calls of a functional model."""
    nodes: dict[str, list[Any]] = {layer.name: [] for layer in network.layers}
    places: dict[int, list[Any]] = {}
    for tensor in network.flat_inputs:
        places[id(tensor)] = [tensor.name, 0, 0]

    def written(value: Any) -> Any:
        if isinstance(value, Tensor):
            place = places[id(value)]
            config = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": place}
            return {"class_name": "__keras_tensor__", "config": config}
        return argument_to_keras(value)

    ops: dict[str, dict[str, Any]] = {}
    for call in network.calls:
        if not call.inputs:
            continue
        layer, args, kwargs = call.layer, list(call.args), call.kwargs
        if isinstance(layer, (Function, Operation)):
            op = op_to_keras(layer, call.args, call.kwargs)
            args, kwargs = op.args, op.kwargs
            ops[layer.name] = {
                "module": op.module,
                "class_name": op.class_name,
                "config": {"name": layer.name, **op.config},
                "registered_name": None if op.module == "keras.layers" else op.class_name,
            }
        own = nodes[layer.name]
        for i, tensor in enumerate(leaves(call.outputs)):
            places[id(tensor)] = [layer.name, len(own), i]
        own.append({"args": map_leaves(written, args), "kwargs": map_leaves(written, kwargs)})
    entries = [
        {
            **(ops.get(layer.name) or _to_keras(layer)),
            "name": layer.name,
            "inbound_nodes": nodes[layer.name],
        }
        for layer in network.layers
    ]
    return {
        "layers": entries,
        "input_layers": map_leaves(lambda tensor: places[id(tensor)], network.inputs),
        "output_layers": map_leaves(lambda tensor: places[id(tensor)], network.outputs),
    }


# ---- from Keras


def model_from_keras(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    """Return pynn's config of a model, with ``"class_name"`` and ``"config"``.

    Raises
    ------
    ValueError
        If a class is unknown or unsafe, or the model is used in a way that pynn does not know.
    """
    name = str(entry["class_name"])
    own = name.split(">")[-1]
    if own in custom_objects:
        return {"class_name": own, "config": dict(entry["config"])}
    if name == "Sequential":
        return {"class_name": name, "config": _sequential(entry["config"], custom_objects)}
    if name in _FUNCTIONAL and "layers" in entry["config"]:
        return {"class_name": "Model", "config": _functional(entry["config"], custom_objects)}
    raise ValueError(
        f"unknown model class: {name!r}. It must be Sequential or Functional, or be passed in "
        "custom_objects"
    )


def _from_keras(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    name = entry["class_name"]
    if name in (*_FUNCTIONAL, "Sequential") and name not in custom_objects:
        return model_from_keras(entry, custom_objects)
    return layer_from_keras(entry, custom_objects)


def _sequential(config: Any, custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(config, list):  # the oldest form
        config = {"layers": config}
    entries = [_from_keras(entry, custom_objects) for entry in config["layers"]]
    shape = config.get("build_input_shape")
    begins = entries and (
        entries[0]["class_name"] == "InputLayer" or "batch_input_shape" in entries[0]["config"]
    )
    if shape is not None and entries and not begins:
        entries.insert(0, {"class_name": "InputLayer", "config": {"batch_shape": shape}})
    return {
        "name": config.get("name"),
        "trainable": config.get("trainable", True),
        "layers": entries,
    }


def _functional(config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    made = []
    for entry in config["layers"]:
        name = entry.get("name") or entry["config"]["name"]
        if is_op(entry) and entry["class_name"] not in custom_objects:
            layer = op_from_keras(entry, value_from_keras(entry["config"], custom_objects))
            calls = [call_from_keras(entry, _given(node)) for node in entry["inbound_nodes"]]
        else:
            layer = _from_keras(entry, custom_objects)
            listed = _takes_list(layer["class_name"])
            calls = [_call(node, listed, name) for node in entry["inbound_nodes"]]
        layer["config"]["name"] = name
        made.append({**layer, "name": name, "calls": calls})
    inputs, outputs = _places(config["input_layers"]), _places(config["output_layers"])
    _count_calls_from_zero(made, [inputs, outputs])
    return {
        "name": config.get("name"),
        "trainable": config.get("trainable", True),
        "layers": made,
        "inputs": inputs,
        "outputs": outputs,
    }


def _count_calls_from_zero(made: list[dict[str, Any]], ends: Any) -> None:
    """Renumber the calls of inner models, where Keras 2 counts from 1: their own call is 0."""
    used: dict[str, list[list[Any]]] = {}
    for place in _tensors([ends, [layer["calls"] for layer in made]]):
        used.setdefault(place[0], []).append(place)
    for layer in made:
        places = used.get(layer["name"], [])
        if layer["calls"] and max((place[1] for place in places), default=0) == len(layer["calls"]):
            for place in places:
                place[1] -= 1


def _tensors(value: Any) -> Iterator[list[Any]]:
    """Yield the places of tensors in a config."""
    if isinstance(value, Mapping):
        if "__tensor__" in value:
            yield value["__tensor__"]
        else:
            for item in value.values():
                yield from _tensors(item)
    elif isinstance(value, list):
        for item in value:
            yield from _tensors(item)


def _takes_list(class_name: str) -> bool:
    found = layers.registry.find(class_name) if class_name in layers.registry.names else None
    return isinstance(found, type) and issubclass(found, Merge)


def _call(node: Any, listed: bool, name: str) -> dict[str, Any]:
    """Return how a layer was called, from either generation's record."""
    if isinstance(node, Mapping):
        given = _given(node)
        args, kwargs = given["args"], given["kwargs"]
    else:
        kwargs = {}
        for item in node:
            if len(item) > 3:
                kwargs.update(item[3])
        kwargs = {key: argument_from_keras(value) for key, value in kwargs.items()}
        tensors = [tensor_place(item) for item in node]
        args = [tensors if listed or len(tensors) > 1 else tensors[0]]
    # Keras overrides "training" when the model is called; masks are not used by any layer here.
    kept = {key: value for key, value in kwargs.items() if key not in ("training", "mask")}
    for key, value in kept.items():
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"layer {name!r} is called with {key}={value!r:.80}; that is not read")
    return {"args": args, "kwargs": kept}


def _given(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call in Keras 3's record, as pynn writes them."""
    return {
        "args": [argument_from_keras(value) for value in node["args"]],
        "kwargs": {key: argument_from_keras(value) for key, value in node["kwargs"].items()},
    }


def _places(structure: Any) -> Any:
    """Return the tensors of a structure; a list of one is that one, as both generations mean it."""
    if isinstance(structure, Mapping):
        return {key: _places(value) for key, value in structure.items()}
    if len(structure) == 3 and isinstance(structure[0], str):
        return tensor_place(structure)
    if len(structure) == 1:
        return _places(structure[0])
    return [_places(item) for item in structure]
