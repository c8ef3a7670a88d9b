"""Configs of models, as Keras's of either generation and as pynn's own, in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pynn import layers
from pynn._custom_objects import is_pynn
from pynn._structure import is_nested, leaves, map_leaves
from pynn.formats.keras._layers import class_to_keras, layer_from_keras, layer_to_keras
from pynn.formats.keras._ops import call_from_keras, is_op, op_from_keras, op_to_keras
from pynn.formats.keras._values import (
    argument_from_keras,
    argument_to_keras,
    custom_name,
    tensor_place,
    value_from_keras,
)
from pynn.layers import Function, Layer, Merge, Operation
from pynn.ops import Tensor

_FUNCTIONAL = ("Functional", "Model")


def keras_class(layer: Layer) -> str:
    """Return what Keras calls the class of a layer or model."""
    name = type(layer).__name__
    return getattr(layer, "_keras_class", name) if is_pynn(type(layer)) else name


def is_recorded_model(layer: Layer) -> bool:
    """Whether it is a model whose layers and calls Keras writes down."""
    return getattr(layer, "_keras_class", "") in ("Sequential", "Functional")


# ---- to Keras


def model_to_keras(model: Any) -> dict[str, Any]:
    """Return Keras's entry for a model.

    A subclass that defines its own ``get_config`` is described by that, and any other by its layers
    or arguments, as in Keras.

    Raises
    ------
    ValueError
        If it cannot be described.
    """
    kind = model._keras_class
    if not is_recorded_model(model) or not is_pynn(type(model).get_config):
        entry = layer_to_keras(model)
    else:
        config: dict[str, Any] = {"name": model.name, "trainable": model.trainable}
        if kind == "Functional":
            config.update(_graph(model._call_graph))
        else:
            begin: Any = [] if model._begins_with is None else [model._begins_with]
            config["layers"] = [entry_of(layer) for layer in (*begin, *model.layers)]
            if model.built:
                config["build_input_shape"] = _input_shape(model)
        if is_pynn(type(model)):
            module = "keras" if kind == "Sequential" else "keras.src.models.functional"
            registered = kind if kind == "Functional" else None
            entry = {"module": module, "class_name": kind, "config": config}
            entry["registered_name"] = registered
        else:
            entry = class_to_keras(type(model), config)
    if model.built:
        entry["build_config"] = {"input_shape": _input_shape(model)}
    return entry


def _input_shape(model: Any) -> Any:
    return map_leaves(lambda tensor: list(tensor.shape), model.input)


def entry_of(layer: Any) -> dict[str, Any]:
    """Return Keras's entry for a layer or model."""
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
            if op is not None:
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
            **(ops.get(layer.name) or entry_of(layer)),
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


def built_from_keras(
    entry: Mapping[str, Any], make_model: Callable[[Any, Any], Any], custom: Mapping[str, Any]
) -> Any:
    """Return the model of an entry, with weights if the entry tells for what inputs.

    The other parameters are those of `read_model`.
    """
    model = make_model(model_from_keras(entry, custom), custom)
    shape = (entry.get("build_config") or {}).get("input_shape")
    if not model.built and shape:
        model.build(shape)
    return model


def layer_entries(entry: Mapping[str, Any] | None) -> list[Any]:
    """Return the entries of a model's layers, none for a model that is described otherwise."""
    found = (entry or {"config": {}})["config"].get("layers")
    described = isinstance(found, list) and all(isinstance(x, Mapping) for x in found)
    return found if described else []


def model_from_keras(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    """Return pynn's config of a model, with ``"class_name"`` and ``"config"``.

    Raises
    ------
    ValueError
        If a class is unknown or unsafe, or the model is used in a way that pynn does not know.
    """
    known, name, config = custom_name(entry, custom_objects), entry["class_name"], entry["config"]
    found = custom_objects[known] if known else None
    kind = getattr(found, "_keras_class", None)
    if "input_layers" in config and (name in _FUNCTIONAL if known is None else kind):
        return {"class_name": known or "Model", "config": _functional(config, custom_objects)}
    if name == "Sequential" if known is None else kind == "Sequential" and "layers" in config:
        return {"class_name": known or name, "config": _sequential(config, custom_objects)}
    if known:
        return layer_from_keras(entry, custom_objects)
    raise ValueError(
        f"unknown model class: {name!r}. It must be Sequential or Functional, or be passed in "
        "custom_objects"
    )


def _from_keras(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    known = custom_name(entry, custom_objects)
    is_model = (
        hasattr(custom_objects[known], "_keras_class")
        if known
        else entry["class_name"] in (*_FUNCTIONAL, "Sequential")
    )
    return (model_from_keras if is_model else layer_from_keras)(entry, custom_objects)


def _sequential(config: Any, custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(config, list):  # the oldest form
        config = {"layers": config}
    entries = [_from_keras(entry, custom_objects) for entry in config["layers"]]
    shape = config.get("build_input_shape")
    begins = entries and (
        entries[0]["class_name"] == "InputLayer" or "batch_input_shape" in entries[0]["config"]
    )
    is_single = isinstance(shape, (list, tuple)) and not any(map(is_nested, shape))
    if is_single and entries and not begins:
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
            calls = [_call(node, listed) for node in entry["inbound_nodes"]]
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


def _call(node: Any, listed: bool) -> dict[str, Any]:
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
