"""Configs of layers, as Keras's and as pynn's own, in both directions.

Arguments that pynn does not have are left out where they change nothing, and refused by name
elsewhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pynn import layers
from pynn._custom_objects import get_registered_name, is_pynn
from pynn._json import encode
from pynn._out_of_scope import out_of_scope
from pynn.formats._compile_config import name_of
from pynn.formats.keras._values import (
    LAYER_MODULES,
    custom_name,
    dtype_from_keras,
    object_to_keras,
    value_from_keras,
    value_to_keras,
)
from pynn.layers import InputLayer, Layer

_OLD_MODULES = ("keras.src.engine", "tf_keras.layers", "tf_keras.src", "tensorflow.keras.layers")
_BASE = {"name", "trainable", "dtype", "activity_regularizer", "batch_input_shape"}
_BASE |= {"learning_rate_factors", "weight_decay_factors"}
# What changes nothing when left out, besides None, False and empty values.
_NEUTRAL: dict[str, Any] = {
    "autocast": True,
    "data_format": "channels_last",
    "fused": True,
    "oov_method": "floormod",
    "renorm_momentum": 0.99,
}
# Names of older versions.
_RENAMED = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "InputLayer": {"batch_input_shape": "batch_shape"},
}
_OLD_NAMES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}


def layer_to_keras(layer: Layer) -> dict[str, Any]:
    """Return Keras's entry for a layer, or for a model that is described by its arguments.

    Raises
    ------
    ValueError
        If the layer cannot be described.
    """
    if isinstance(layer, InputLayer):
        shape = [None, *layer.shape]
        config = {"batch_shape": shape, "dtype": layer.dtype, "sparse": False, "name": layer.name}
        if layer.optional:  # an argument that the first Keras 3 has not
            config["optional"] = True
    else:
        given = encode(layer.get_config(), name_of)
        config = {key: value_to_keras(key, value) for key, value in given.items()}
    if isinstance(layer, layers.Normalization) and layer._given is not None and layer.built:
        # Constants there, weights here, which may have been assigned.
        config["mean"] = layer.adapt_mean.numpy().tolist()
        config["variance"] = layer.adapt_variance.numpy().tolist()
    if isinstance(layer, layers.Lambda):
        config["function"] = value_to_keras("activation", config["function"])
    return class_to_keras(type(layer), config)


def class_to_keras(cls: type, config: dict[str, Any]) -> dict[str, Any]:
    """Return Keras's entry for a layer or model of a class, from its config as Keras writes it."""
    if is_pynn(cls):
        return object_to_keras(cls.__name__, config, "keras.layers")
    return {
        "module": None if cls.__module__ == "__main__" else cls.__module__,
        "class_name": cls.__name__,
        "config": config,
        "registered_name": get_registered_name(cls),
    }


def layer_from_keras(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    """Return pynn's config of a layer, with ``"class_name"`` and ``"config"``.

    Raises
    ------
    ValueError
        If the class is unknown, or an argument cannot be left out.
    """
    name = _class_name(entry, custom_objects)

    def inner(value: Any) -> Any:
        return layer_from_keras(value, custom_objects)

    given = {
        key: value_from_keras(value, custom_objects, inner)
        for key, value in entry["config"].items()
    }
    if "dtype" in given:
        given["dtype"] = dtype_from_keras(given["dtype"])
    if name in custom_objects:
        return {"class_name": name, "config": given}
    for old, new in _RENAMED.get(name, {}).items():
        if old in given:
            given[new] = given.pop(old)
    given.pop("vocabulary_size", None)  # a lookup's, which follows from its vocabulary
    if name == "Lambda":
        given["function"] = given["function"]["config"]
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


def _class_name(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> str:
    """Return the name of the class that an entry describes, as pynn is to look it up."""
    known = custom_name(entry, custom_objects)
    if known:
        return known
    name, module = str(entry["class_name"]), entry.get("module")
    if module is None:
        ours = entry.get("registered_name") is None
    else:
        ours = module == "keras" or module.startswith((*LAYER_MODULES, *_OLD_MODULES))
    function = entry["config"].get("function") if name == "Lambda" else None
    if name == "Lambda" and not (
        isinstance(function, Mapping) and custom_name(function, custom_objects)
    ):
        raise ValueError(
            f"the layer {entry['config'].get('name')!r} is a Lambda, whose code is not read. Pass "
            "its function in custom_objects if it has a name; or make the model in pynn, and load "
            "its weights"
        )
    name = _OLD_NAMES.get(name, name)
    if not ours or name not in layers.registry.names:
        home = f" of {module}" if module else ""
        raise ValueError(
            (out_of_scope("pynn.layers", name) if ours else None)
            or f"unknown layer class: {name!r}{home}. It must be one of pynn's layers, or be "
            "passed in custom_objects"
        )
    return name


def _flat(value: Any) -> Any:
    """Return numbers without axes of size 1 around them."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value
