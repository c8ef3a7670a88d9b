"""Values in Keras's configs as pynn's own, in both directions.

These are arguments of layers, initializers and the like, which Keras wraps with the module that
they come from; and what a layer is called on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn import (
    _state,
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from pynn._custom_objects import get_registered_name, known_objects
from pynn._registry import Registry
from pynn.ops import Weight

# Keras's module for what an argument of that name, or one that ends in it, holds.
_MODULES = {
    "activation": "keras.activations",
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "optimizer": "keras.optimizers",
    "learning_rate": "keras.optimizers.schedules",
    "loss": "keras.losses",
    "metrics": "keras.metrics",
    "weighted_metrics": "keras.metrics",
}
REGISTRIES: dict[str, Registry[Any]] = {
    "keras.layers": layers.registry,
    "keras.activations": activations.registry,
    "keras.initializers": initializers.registry,
    "keras.regularizers": regularizers.registry,
    "keras.constraints": constraints.registry,
    "keras.optimizers": optimizers.registry,
    "keras.optimizers.schedules": optimizers.schedules.registry,
    "keras.losses": losses.registry,
    "keras.metrics": metrics.registry,
}
# Arguments whose values may be functions, which Keras knows by their names.
_FUNCTIONS = ("activation", "initializer", "regularizer", "constraint")
# Modules that are named for Keras's and pynn's own layers; what is not in them is somebody else's,
# or an op.
LAYER_MODULES = (
    "keras.layers",
    "keras.src.layers",
    "keras.models",
    "keras.src.models",
    "keras.engine",
    "pynn.layers",
)


def value_to_keras(key: str, value: Any) -> Any:
    """Return the argument `key` as Keras writes it."""
    kind = key if key in _MODULES else key.rsplit("_", 1)[-1]
    module = _MODULES.get(kind, "keras.layers")
    if isinstance(value, str) and kind in _FUNCTIONS:
        return value if _has(module, value) else _function(value)
    return _wrapped(value, "keras.layers" if module == "keras.activations" else module)


def _wrapped(value: Any, module: str) -> Any:
    """Return a value with the objects in it as those of a module of Keras's."""
    if isinstance(value, (list, tuple)):
        return [_wrapped(item, module) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _wrapped(item, module) for key, item in value.items()}
    name, config = value["class_name"], value["config"]
    if name == "function":
        return _function(config)
    config = {key: value_to_keras(key, item) for key, item in config.items()}
    return object_to_keras(name, config, module)


def object_to_keras(name: str, config: dict[str, Any], module: str) -> dict[str, Any]:
    """Return Keras's entry for an object of a class that may be Keras's, pynn's or the user's.

    Parameters
    ----------
    name : str
        Of the class.
    config : dict
        As Keras writes it.
    module : str
        Where Keras has its classes of that kind.
    """
    entry = {"module": module, "class_name": name, "config": config, "registered_name": None}
    if not _has(module, name):
        ours = name in REGISTRIES[module].names
        entry["module"] = module.replace("keras", "pynn", 1) if ours else None
        entry["registered_name"] = _registered(name)
    return entry


def _has(module: str, name: str) -> bool:
    """Whether Keras has that name, too."""
    known = REGISTRIES[module]
    return (name in known.names or name.lower() in known.names) and name not in known.own


def _function(name: str) -> dict[str, Any]:
    return {
        "module": "builtins",
        "class_name": "function",
        "config": _registered(name),
        "registered_name": "function",
    }


def _registered(name: str) -> str:
    """Return the name that a class or function of that name is registered by, or else `name`."""
    found = known_objects(None).get(name)
    return name if found is None else get_registered_name(found)


def custom_name(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> str | None:
    """Return the name in `custom_objects` of the class or function of an entry, or None."""
    name = str(entry["config"] if entry["class_name"] == "function" else entry["class_name"])
    for known in (str(entry.get("registered_name")), name, name.rpartition(">")[2]):
        if known in custom_objects:
            return known
    return None


def value_from_keras(
    value: Any, custom_objects: Mapping[str, Any], layer: Callable[[Any], Any] | None = None
) -> Any:
    """Return a value of a Keras config with what Keras wraps taken out.

    Parameters
    ----------
    value : object
    custom_objects : mapping of str to object
    layer : callable, default=None
        Returns pynn's config of a layer among the values.
    """

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return [read(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if "class_name" not in value:
            return {key: read(item) for key, item in value.items()}
        name, config = value["class_name"], value.get("config", {})
        if name == "__tuple__":
            return [read(item) for item in _items(value)]
        if name in ("__numpy__", "__tensor__"):
            return read(config["value"])
        known = custom_name(value, custom_objects)
        if name == "function":
            return {"class_name": "function", "config": known} if known else config
        if "Policy" in str(name):
            return dtype_from_keras(value)
        shared = name in layers.registry.names and str(value.get("module")).startswith(
            LAYER_MODULES
        )
        if layer and (known or shared):
            return layer(value)
        if name == "SeedGenerator":
            return None
        inner = {
            key: read(item)
            for key, item in (config or {}).items()
            if item is not None and key != "dtype"
        }
        return {"class_name": known or str(name), "config": inner}

    return read(value)


def _items(value: Mapping[str, Any]) -> Any:
    """Return the items of a tuple, in the form of either generation."""
    items = value["items"] if "items" in value else value["config"]
    return items["value"] if isinstance(items, Mapping) else items


def dtype_from_keras(value: Any) -> Any:
    """Return the type of weights that a dtype or policy of Keras stands for."""
    if isinstance(value, Mapping):
        value = value["config"]["name"]
    return "float32" if str(value).startswith("mixed_") else value


# ---- what a layer is called on


def argument_to_keras(value: Any) -> Any:
    """Return a constant that a layer is called on, as Keras writes it.

    Raises
    ------
    ValueError
        If Keras has no way to write it.
    """
    if isinstance(value, np.ndarray):
        config = {"value": value.tolist(), "dtype": value.dtype.name}
        return {"class_name": "__numpy__", "config": config}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, slice):
        ends = {key: argument_to_keras(getattr(value, key)) for key in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": ends}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, Weight):
        raise ValueError(f"the weight {value.path!r} is used between layers")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a layer is called on {value!r}, which cannot be written down")


def argument_from_keras(value: Any) -> Any:
    """Return what a layer is called on, as `pynn._json.encode` writes it with marks.

    Raises
    ------
    ValueError
        If it is none of the values that `argument_to_keras` writes, a tuple, or a tensor.
    """
    if isinstance(value, list):
        return [argument_from_keras(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: argument_from_keras(item) for key, item in value.items()}
    kind: Any = value["class_name"]
    config: Any = value.get("config")
    if kind == "__keras_tensor__":
        return tensor_place(config["keras_history"])
    if kind == "__tuple__":
        return {"__tuple__": [argument_from_keras(item) for item in _items(value)]}
    if kind == "__slice__":
        return {"__slice__": [config["start"], config["stop"], config["step"]]}
    if kind == "__ellipsis__":
        return {"__ellipsis__": True}
    if kind in ("__numpy__", "__tensor__"):
        dtype = str(config["dtype"])
        dtype = _state.floatx() if "float" in dtype else dtype
        return {"__array__": config["value"], "dtype": dtype}
    raise ValueError(f"a layer is called on a value of class {kind!r}; that is not read")


def tensor_place(history: Any) -> dict[str, Any]:
    """Return a tensor that Keras names by its layer, call and number, as pynn's configs do."""
    layer, node, tensor = history[:3]
    return {"__tensor__": [str(layer), int(node), int(tensor)]}
