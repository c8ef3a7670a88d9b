"""Objects of any kind as Keras writes them: what its `serialize_keras_object` returns, and back.

Models and layers are written as in files; what is around them and beside them, here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn import layers
from pynn._custom_objects import get_registered_name
from pynn._files import file_errors
from pynn._json import encode
from pynn.formats._compile_config import name_of
from pynn.formats.keras._layers import class_to_keras, layer_from_keras
from pynn.formats.keras._models import entry_of, model_from_keras
from pynn.formats.keras._values import (
    REGISTRIES,
    argument_to_keras,
    custom_name,
    object_to_keras,
    value_from_keras,
    value_to_keras,
)

_MODELS = ("Sequential", "Functional", "Model")
# What Keras writes besides the name of a class that is its own.
_NO_NAME = (None, "", "function")
_PLAIN = (bool, int, float, str, slice, np.generic, np.ndarray)


def write_object(obj: Any) -> Any:
    """Return an object as Keras writes it.

    Raises
    ------
    TypeError
        If it is none of what can be written.
    ValueError
        If it is code without a name.
    """
    if obj is None or obj is Ellipsis or isinstance(obj, _PLAIN):
        return argument_to_keras(obj)
    if isinstance(obj, (list, tuple)):
        items = [write_object(item) for item in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, Mapping):
        return {key: write_object(item) for key, item in obj.items()}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if isinstance(obj, layers.Layer):
        return entry_of(obj)
    if hasattr(obj, "get_config") and not isinstance(obj, type):
        return _write_configured(obj)
    if inspect.isfunction(obj):
        if obj.__name__ == "<lambda>":
            raise ValueError("a lambda cannot be written down. Define a function with def")
        name = get_registered_name(obj)
        return {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": "function" if name == obj.__name__ else name,
        }
    raise TypeError(f"{obj!r:.80} of type {type(obj).__name__} cannot be written down")


def _write_configured(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    for module, registry in REGISTRIES.items():
        if cls in registry.members:
            given = encode(obj.get_config(), name_of)
            config = {key: value_to_keras(key, value) for key, value in given.items()}
            return object_to_keras(cls.__name__, config, module)
    return class_to_keras(cls, write_object(obj.get_config()))


def read_object(
    entry: Any, make_model: Callable[[Any, Any], Any], custom_objects: Mapping[str, Any]
) -> Any:
    """Return what `write_object`, or Keras, has written.

    Parameters
    ----------
    entry : object
    make_model : callable
        Returns the model of pynn's config and of custom objects.
    custom_objects : mapping of str to object

    Raises
    ------
    TypeError
        If the config of an object is of the wrong type.
    ValueError
        If a name is unknown, or is not the one that it is registered by.
    """

    def read(entry: Any) -> Any:
        if isinstance(entry, (list, tuple)):
            return type(entry)(map(read, entry))
        if not isinstance(entry, Mapping):
            return entry
        if "class_name" not in entry:
            return {key: read(item) for key, item in entry.items()}
        name, config = entry["class_name"], entry.get("config")
        if name == "function":
            return _function(entry, custom_objects)
        if not isinstance(config, Mapping):
            raise TypeError(f"the config of {name!r} must be a dict. Received: {config!r:.80}")
        if name in _READERS:
            return _READERS[name]({key: read(item) for key, item in config.items()})
        if str(name).startswith("__"):
            raise ValueError(f"{name!r} is not read: it would be code, or is no value of pynn")
        with file_errors("the config", "object"):
            return _of_class(entry, make_model, custom_objects)

    return read(entry)


_READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "__bytes__": lambda config: config["value"].encode(),
    "__slice__": lambda config: slice(config["start"], config["stop"], config["step"]),
    "__ellipsis__": lambda config: ...,
    "__numpy__": lambda config: np.asarray(config["value"], config["dtype"]),
    "__tensor__": lambda config: np.asarray(config["value"], config["dtype"]),
    "__tuple__": lambda config: tuple(config["value"]),
}


def _function(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    name = entry["config"]
    if not isinstance(name, str):
        raise TypeError(f"the config of a function must be its name. Received: {name!r:.80}")
    known = custom_name(entry, custom_objects)
    if known:
        return custom_objects[known]
    _check_registered(entry, name)
    for registry in REGISTRIES.values():
        if name in registry.names and inspect.isfunction(registry.find(name)):
            return registry.find(name)
    raise ValueError(f"unknown function: {name!r}. It must be passed in custom_objects")


def _of_class(
    entry: Mapping[str, Any],
    make_model: Callable[[Any, Any], Any],
    custom_objects: Mapping[str, Any],
) -> Any:
    known, name = custom_name(entry, custom_objects), entry["class_name"]
    cls = custom_objects[known] if known else None
    if known is None:
        _check_registered(entry, name)
    if hasattr(cls, "_keras_class") or (known is None and name in _MODELS):
        return make_model(model_from_keras(entry, custom_objects), custom_objects)
    module = str(entry.get("module") or "keras.layers").replace("keras.src.", "keras.")
    is_layer = module.startswith(("keras.layers", "pynn.layers")) or module == "keras"
    if issubclass(cls, layers.Layer) if isinstance(cls, type) else is_layer:
        config = layer_from_keras(entry, custom_objects)
        return layers.deserialize(config, dict(custom_objects))
    if cls is not None:
        made = getattr(cls, "from_config", None)
        return made(dict(entry["config"])) if made else cls(**entry["config"])
    for home, registry in REGISTRIES.items():
        if module.startswith((home, home.replace("keras", "pynn", 1))) and name in registry.names:
            return registry.deserialize(value_from_keras(entry, custom_objects), custom_objects)
    raise ValueError(f"unknown class: {name!r}. It must be passed in custom_objects")


def _check_registered(entry: Mapping[str, Any], name: str) -> None:
    """Raise ValueError if an entry gives a name of pynn's own another registered name."""
    registered = entry.get("registered_name")
    if registered not in (*_NO_NAME, name):
        raise ValueError(
            f"{name!r} is registered as {registered!r} where it was written. It must be registered "
            "by that name here, or be passed in custom_objects"
        )
