"""What `Model.compile` was given, as Keras writes it and as pynn does, in both directions."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import optimizers
from pynn.formats._compile_config import KINDS, compile_config, compile_from
from pynn.formats.keras._values import custom_name, value_from_keras, value_to_keras
from pynn.optimizers import CommonOptions

if TYPE_CHECKING:
    from pynn.models import Model


def compile_to_keras(model: Model) -> dict[str, Any]:
    """Return a model's compile settings as Keras writes them, empty if there are none."""
    config = compile_config(model)
    if config is None:
        return {}
    if config["optimizer"] is not None:
        config["optimizer"]["config"].pop("lazy", None)  # which Keras refuses
    entry = {key: value_to_keras(key, value) for key, value in config.items()}
    return {**entry, "run_eagerly": False, "jit_compile": False}


def compile_from_keras(model: Model, config: Any, custom_objects: Mapping[str, Any]) -> None:
    """Compile a model as a Keras file says.

    Parameters
    ----------
    model : Model
    config : dict
        ``compile_config`` of a ``.keras`` file, or ``training_config`` of an ``.h5`` file.
    custom_objects : mapping of str to object

    Raises
    ------
    ValueError
        If something is neither pynn's nor in `custom_objects`.
    """
    if not isinstance(config, Mapping) or not config:
        return
    try:
        own = {
            name: value_from_keras(config.get(name), custom_objects)
            for name in (*KINDS, "loss_weights")
        }
        own["steps_per_execution"] = config.get("steps_per_execution", 1)
        for name, kind in KINDS.items():
            own[name] = _known_arguments(own[name], kind.registry)
        given = config.get("optimizer_config", config.get("optimizer"))
        own["optimizer"] = _optimizer(given, custom_objects)
        compile_from(model, own, custom_objects)
    except Exception as error:  # whatever the settings make constructors raise
        raise ValueError(
            "its compile settings cannot be read (without them it loads with compile=False): "
            f"{error}"
        ) from error


def _optimizer(given: Any, custom_objects: Mapping[str, Any]) -> Any:
    if given is None or isinstance(given, str):
        return given
    config = {
        key: _shortest(value_from_keras(value, custom_objects))
        for key, value in given["config"].items()
    }
    own = custom_name(given, custom_objects)
    if own:
        kept = {key: value for key, value in config.items() if value is not None}
        return {"class_name": own, "config": kept}
    name = str(given["class_name"]).split(">")[-1]
    found = type(optimizers.get(name))
    known = {*CommonOptions.__annotations__, *inspect.signature(found.__init__).parameters}
    kept = {
        key: value
        for key, value in config.items()
        if key in known - {"self", "common"} and not (key == "decay" and not value)
    }
    return {"class_name": name, "config": kept}


def _shortest(value: Any) -> Any:
    """Return the decimal number that became `value` when Keras kept it as float32."""
    if isinstance(value, float) and float(np.float32(value)) == value:
        return float(str(np.float32(value)))
    return value


def _known_arguments(value: Any, registry: Any) -> Any:
    """Leave out arguments of losses and metrics that pynn does not have."""
    if isinstance(value, list):
        return [_known_arguments(item, registry) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _known_arguments(item, registry) for key, item in value.items()}
    name, config = value["class_name"], value["config"]
    if name == "function" or name not in registry.names:
        return value
    if name == "MeanMetricWrapper" and config.get("name") in ("accuracy", "acc"):
        return config["name"]  # Keras 2 guesses its function before it sees targets
    known = inspect.signature(registry.find(name).__init__).parameters
    kept = {
        key: item
        for key, item in config.items()
        if key in known and not (key == "reduction" and item == "auto")
    }
    return {"class_name": name, "config": kept}
