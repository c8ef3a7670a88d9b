"""Configs of Keras's models, of both generations, as pynn's own configs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pynn import _state
from pynn.layers import Merge
from pynn.saving._keras_layer_config import layer_config, plain
from pynn.saving._keras_ops import call_of, function_config, is_op

_FUNCTIONAL = ("Functional", "Model")


def model_config(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
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


def is_model(entry: Mapping[str, Any]) -> bool:
    """Whether an entry describes a model and no layer."""
    return entry["class_name"] in (*_FUNCTIONAL, "Sequential")


def _entry(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    if is_model(entry) and entry["class_name"] not in custom_objects:
        return model_config(entry, custom_objects)
    return layer_config(entry, custom_objects)


def _sequential(config: Any, custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(config, list):  # the oldest form
        config = {"layers": config}
    entries = [_entry(entry, custom_objects) for entry in config["layers"]]
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
            layer = function_config(entry, plain(entry["config"], custom_objects))
            calls = [call_of(entry, _given(node)) for node in entry["inbound_nodes"]]
        else:
            layer = _entry(entry, custom_objects)
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
    from pynn import layers

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
        kwargs = {key: _argument(value) for key, value in kwargs.items()}
        tensors = [_place(item) for item in node]
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
        "args": [_argument(value) for value in node["args"]],
        "kwargs": {key: _argument(value) for key, value in node["kwargs"].items()},
    }


def _argument(value: Any) -> Any:
    if isinstance(value, list):
        return [_argument(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _argument(item) for key, item in value.items()}
    kind: Any = value["class_name"]
    config: Any = value.get("config")
    if kind == "__keras_tensor__":
        return _place(config["keras_history"])
    if kind == "__tuple__":
        items = value.get("items", config)
        items = items["value"] if isinstance(items, Mapping) else items
        return {"__tuple__": [_argument(item) for item in items]}
    if kind == "__slice__":
        return {"__slice__": [config["start"], config["stop"], config["step"]]}
    if kind == "__ellipsis__":
        return {"__ellipsis__": True}
    if kind in ("__numpy__", "__tensor__"):
        dtype = str(config["dtype"])
        return {
            "__array__": config["value"],
            "dtype": _state.floatx() if "float" in dtype else dtype,
        }
    raise ValueError(f"a layer is called on a value of class {kind!r}; that is not read")


def _place(history: Any) -> dict[str, Any]:
    layer, node, tensor = history[:3]
    return {"__tensor__": [str(layer), int(node), int(tensor)]}


def _places(structure: Any) -> Any:
    """Return the tensors of a structure; a list of one is that one, as both generations mean it."""
    if isinstance(structure, Mapping):
        return {key: _places(value) for key, value in structure.items()}
    if len(structure) == 3 and isinstance(structure[0], str):
        return _place(structure)
    if len(structure) == 1:
        return _places(structure[0])
    return [_places(item) for item in structure]
