"""Keras's compile settings as arguments for `Model.compile`."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import optimizers
from pynn.losses import registry as LOSSES
from pynn.metrics import registry as METRICS
from pynn.optimizers import CommonOptions
from pynn.saving._compile_config import compile_arguments
from pynn.saving._keras_layer_config import plain

if TYPE_CHECKING:
    from pynn.models import Model

_REGISTRIES = {"loss": LOSSES, "metrics": METRICS, "weighted_metrics": METRICS}


def compile_like_keras(model: Model, config: Any, custom_objects: Mapping[str, Any]) -> None:
    """Compile a model as a Keras file says, or warn of what cannot be read.

    Parameters
    ----------
    model : Model
    config : dict
        ``compile_config`` of a ``.keras`` file, or ``training_config`` of an ``.h5`` file.
    custom_objects : mapping of str to object
    """
    if not isinstance(config, Mapping) or not config:
        return
    try:
        optimizer = config.get("optimizer_config", config.get("optimizer"))
        own = {
            name: plain(config.get(name), custom_objects)
            for name in ("loss", "metrics", "weighted_metrics", "loss_weights")
        }
        for name, registry in _REGISTRIES.items():
            own[name] = _known_arguments(own[name], registry)
        own["optimizer"] = _optimizer(optimizer, custom_objects)
        model.compile(**compile_arguments(own, custom_objects))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        warnings.warn(
            f"the file's compile settings cannot be read: {error}. Call compile() on the model",
            UserWarning,
            stacklevel=5,
        )


def _optimizer(given: Any, custom_objects: Mapping[str, Any]) -> Any:
    if isinstance(given, str):
        return given
    name = str(given["class_name"]).split(">")[-1]
    config = {
        key: _shortest(plain(value, custom_objects)) for key, value in given["config"].items()
    }
    if name in custom_objects:
        return {"class_name": name, "config": config}
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
