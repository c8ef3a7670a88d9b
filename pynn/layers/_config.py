"""The list of layers, and the configs that layers are written as."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pynn import activations, constraints, initializers, regularizers
from pynn._json import encode
from pynn._out_of_scope import out_of_scope
from pynn._registry import Registry
from pynn.layers._weight_holder import WeightHolder
from pynn.optimizers import schedules

if TYPE_CHECKING:
    from pynn.layers._layer import Layer

registry: Registry[Layer] = Registry("layer", absent=partial(out_of_scope, "pynn.layers"))

_KINDS: dict[str, Any] = {
    "activation": activations,
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
    "rate": schedules,
}


def written(name: str, value: Any) -> Any:
    """Return the argument of that name as a config has it."""
    return encode(value, _KINDS.get(name.rsplit("_", 1)[-1], registry).serialize)


def with_objects(config: Mapping[str, Any], custom_objects: Any) -> dict[str, Any]:
    """Return a config with its layers made, and with what `custom_objects` names put in."""
    made = dict(config)
    for key, value in config.items():
        if _names_layer(value, custom_objects):
            made[key] = registry.deserialize(value, custom_objects)
        elif isinstance(value, list) and any(_names_layer(v, custom_objects) for v in value):
            made[key] = [registry.deserialize(item, custom_objects) for item in value]
        elif custom_objects and isinstance(value, (str, Mapping)):
            kind = _KINDS.get(key.rsplit("_", 1)[-1])
            if kind is not None:
                made[key] = kind.deserialize(value, custom_objects)
    return made


def _names_layer(value: Any, custom_objects: Any) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"class_name", "config"}:
        return False
    name = value["class_name"]
    custom = (custom_objects or {}).get(name)
    return name in registry.names or (isinstance(custom, type) and issubclass(custom, WeightHolder))
