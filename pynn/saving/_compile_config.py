"""What `Model.compile` was told, as a value that JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn import losses, metrics, optimizers
from pynn._numbers import LiveNumber

_KINDS: dict[str, Any] = {"loss": losses, "metrics": metrics, "weighted_metrics": metrics}


def compile_config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a model's compile arguments.

    Raises
    ------
    ValueError
        If a function among them has no name that it could be found by.
    """
    config = {"optimizer": optimizers.serialize(arguments["optimizer"])}
    for name, kind in _KINDS.items():
        config[name] = _written(arguments[name], kind)
    config["loss_weights"] = _numbers(arguments["loss_weights"])
    return config


def compile_arguments(config: Mapping[str, Any], custom_objects: Any) -> dict[str, Any]:
    """Return the arguments for `Model.compile` that a config describes.

    Raises
    ------
    ValueError
        If a class or function is neither pynn's nor in `custom_objects`.
    """
    arguments = {"optimizer": optimizers.deserialize(config["optimizer"], custom_objects)}
    for name, kind in _KINDS.items():
        arguments[name] = _read(config.get(name), kind, custom_objects or {})
    arguments["loss_weights"] = config.get("loss_weights")
    return arguments


def _written(value: Any, kind: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return [_written(item, kind) for item in value]
    if isinstance(value, Mapping):
        return {key: _written(item, kind) for key, item in value.items()}
    if isinstance(value, type) or hasattr(value, "get_config"):
        return kind.serialize(value)
    name = getattr(value, "__name__", None)
    if name is None or name == "<lambda>":
        raise ValueError(f"{value!r} has no name that it could be found by; define it with def")
    known = (getattr(value, "__module__", None) or "").split(".")[0] == "pynn"
    return name if known else {"class_name": "function", "config": name}


def _read(value: Any, kind: Any, custom_objects: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return custom_objects.get(value, value)
    if isinstance(value, list):
        return [_read(item, kind, custom_objects) for item in value]
    if isinstance(value, Mapping):
        if "class_name" in value:
            return kind.deserialize(value, custom_objects)
        return {key: _read(item, kind, custom_objects) for key, item in value.items()}
    return value


def _numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numbers(item) for item in value]
    return float(value) if isinstance(value, LiveNumber) else value
