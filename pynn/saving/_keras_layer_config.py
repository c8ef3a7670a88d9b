"""Configs of Keras's layers, and of what is in them, as pynn's own configs.

Arguments that pynn does not have are left out where they change nothing, and refused by name
elsewhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pynn import layers

# Modules that Keras names for its own classes; what is not in them is somebody else's, or an op.
_MODULES = ("keras.layers", "keras.src.layers", "keras.models", "keras.src.models", "keras.engine")
_MORE_MODULES = ("keras.src.engine", "tf_keras.layers", "tf_keras.src", "tensorflow.keras.layers")
_BASE = {"name", "trainable", "dtype", "activity_regularizer", "batch_input_shape"}
# What changes nothing when left out, besides None, False and empty values.
_NEUTRAL: dict[str, Any] = {
    "autocast": True,
    "data_format": "channels_last",
    "fused": True,
    "renorm_momentum": 0.99,
}
_RENAMED = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "InputLayer": {"batch_input_shape": "batch_shape"},
}
_OLD_NAMES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}


def class_name_of(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> str:
    """Return the name of the class that an entry describes, as pynn is to look it up.

    Raises
    ------
    ValueError
        If it is none of Keras's layers and not in `custom_objects`, or holds code.
    """
    name = str(entry["class_name"])
    for known in (str(entry.get("registered_name")), name, name.split(">")[-1]):
        if known in custom_objects:
            return known
    module = entry.get("module")
    ours = module is None or module == "keras" or module.startswith((*_MODULES, *_MORE_MODULES))
    if name == "Lambda":
        raise ValueError(
            f"the layer {entry['config'].get('name')!r} is a Lambda, which holds code. It is not "
            "read; make the model in pynn, and load its weights"
        )
    name = _OLD_NAMES.get(name, name)
    if not ours or name not in layers.registry.names:
        raise ValueError(
            f"unknown layer class: {name!r}{f' of {module}' if module else ''}. It must be one of "
            f"pynn's layers, or be passed in custom_objects"
        )
    return name


def layer_config(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    """Return pynn's config of a layer, with ``"class_name"`` and ``"config"``.

    Raises
    ------
    ValueError
        If the class is unknown, or an argument cannot be left out.
    """
    name = class_name_of(entry, custom_objects)
    given = {key: plain(value, custom_objects) for key, value in entry["config"].items()}
    if "dtype" in given:
        given["dtype"] = dtype_of(given["dtype"])
    if name in custom_objects:
        return {"class_name": name, "config": given}
    for old, new in _RENAMED.get(name, {}).items():
        if old in given:
            given[new] = given.pop(old)
    if name == "Normalization":
        for key in ("mean", "variance"):
            given[key] = _flat(given.get(key))
    found: Any = layers.registry.find(name)
    known = {*inspect.signature(found.__init__).parameters, *_BASE} - {"self", "kwargs"}
    if name == "InputLayer":
        known -= {"activity_regularizer", "sparse"}
    config = {}
    for key, value in given.items():
        if key in known:
            config[key] = value
        elif value and _NEUTRAL.get(key) != value:
            raise ValueError(
                f"layer {given.get('name')!r} of class {name} has the argument "
                f"{key}={value!r:.80}, which pynn does not have"
            )
    return {"class_name": name, "config": config}


def plain(value: Any, custom_objects: Mapping[str, Any]) -> Any:
    """Return a value of a Keras config with what Keras wraps taken out."""
    if isinstance(value, list):
        return [plain(item, custom_objects) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: plain(item, custom_objects) for key, item in value.items()}
    name, config = value["class_name"], value.get("config", {})
    if name == "__tuple__":
        items = value["items"] if "items" in value else config
        items = items["value"] if isinstance(items, Mapping) else items
        return [plain(item, custom_objects) for item in items]
    if name in ("__numpy__", "__tensor__"):
        return plain(config["value"], custom_objects)
    if name == "function":
        known = config in custom_objects
        return {"class_name": "function", "config": config} if known else config
    if "Policy" in str(name):
        return dtype_of(value)
    if name in layers.registry.names and str(value.get("module")).startswith(_MODULES):
        return layer_config(value, custom_objects)
    if name == "SeedGenerator":
        return None
    inner = {
        key: plain(item, custom_objects)
        for key, item in (config or {}).items()
        if item is not None and key != "dtype"
    }
    return {"class_name": str(name).split(">")[-1], "config": inner}


def dtype_of(value: Any) -> Any:
    """Return the type of weights that a dtype or policy of Keras stands for."""
    if isinstance(value, Mapping):
        value = value["config"]["name"]
    return "float32" if str(value).startswith("mixed_") else value


def _flat(value: Any) -> Any:
    """Return numbers without axes of size 1 around them."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value
