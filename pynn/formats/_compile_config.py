"""What `Model.compile` was given, as a value that JSON can hold, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pynn import losses, metrics, optimizers
from pynn._custom_objects import is_pynn
from pynn._json import encode, to_text
from pynn._user_warning import warn_user

if TYPE_CHECKING:
    from pynn.models import Model

KINDS: dict[str, Any] = {"loss": losses, "metrics": metrics, "weighted_metrics": metrics}


def compile_config(model: Model) -> dict[str, Any] | None:
    """Return the config of a model's compile arguments.

    None if it has not been compiled, or, with a warning, if the arguments cannot be written down.
    """
    if not model.compiled:
        return None
    arguments = model._compile_arguments
    try:
        config = {
            "optimizer": optimizers.serialize(model.optimizer),
            **{name: encode(arguments[name], name_of) for name in KINDS},
            "loss_weights": encode(arguments["loss_weights"], float),
            "steps_per_execution": arguments["steps_per_execution"],
        }
        return dict(json.loads(to_text(config, "the compile settings")))
    except ValueError as error:
        warn_user(
            f"model {model.name!r} is saved without its compile settings: {error}",
        )
        return None


def name_of(value: Any) -> Any:
    """Return what a class or function is written as.

    Raises
    ------
    ValueError
        If it has no name that it could be found by.
    """
    name = getattr(value, "__name__", None)
    if name is None or name == "<lambda>":
        raise ValueError(f"{value!r} has no name that it could be found by; define it with def")
    known = isinstance(value, type) or is_pynn(value)
    return name if known else {"class_name": "function", "config": name}


def compile_from(model: Model, config: Mapping[str, Any], custom_objects: Any) -> None:
    """Compile a model as a config says; one with a `compile` of its own is left, with a warning.

    Raises
    ------
    ValueError
        If a class or function is neither pynn's nor in `custom_objects`.
    """
    if not type(model).compile.__module__.startswith("pynn."):
        warn_user(
            f"model {model.name!r} is not compiled: its class has a compile() of its own. Call it"
        )
        return
    optimizer = optimizers.deserialize(config["optimizer"], custom_objects)
    arguments: dict[str, Any] = {"optimizer": optimizer}
    for name, kind in KINDS.items():
        arguments[name] = _read(config.get(name), kind, custom_objects or {})
    arguments["loss_weights"] = config.get("loss_weights")
    model.compile(**arguments, steps_per_execution=config.get("steps_per_execution", 1))


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
