"""Objects that an estimator can be made with, as values that JSON can hold, and back.

These are pynn's optimizers, schedules, losses and metrics, and functions. A function of the user's
own, or an object of a class of theirs, is found again among ``custom_objects``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pynn import activations, losses, metrics, optimizers
from pynn.losses import Loss
from pynn.metrics import Metric
from pynn.optimizers import Optimizer, schedules
from pynn.optimizers.schedules import LearningRateSchedule

# Kind -> the base of its classes, if it has such, and the module that writes and reads it.
_KINDS: dict[str, tuple[type | None, Any]] = {
    "optimizer": (Optimizer, optimizers),
    "schedule": (LearningRateSchedule, schedules),
    "loss": (Loss, losses),
    "metric": (Metric, metrics),
    "activation": (None, activations),
}


def written_object(value: Any) -> Any:
    """Return what `read_object` turns back into `value`; None if there is no such."""
    for kind, (base, module) in _KINDS.items():
        if base is not None and isinstance(value, base):
            return {"kind": kind, "config": module.serialize(value)}
    if value in (np.float32, np.float64):
        return np.dtype(value).name
    name = getattr(value, "__name__", None)
    if not callable(value) or name is None or name == "<lambda>":
        return None
    if value.__module__.split(".")[0] == "pynn":
        for kind in ("activation", "loss", "metric"):
            if getattr(_KINDS[kind][1], name, None) is value:
                return {"kind": kind, "config": name}
    return {"kind": "function", "config": name}


def read_object(described: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    """Return the object that `written_object` described.

    Raises
    ------
    ValueError
        If it is neither pynn's nor in `custom_objects`.
    """
    kind, config = str(described["kind"]), described["config"]
    if kind != "function":
        return _KINDS[kind][1].deserialize(config, custom_objects)
    if not isinstance(config, str) or config not in (custom_objects or {}):
        raise ValueError(
            f"the estimator was made with {config!r:.80}. Give load() custom_objects with an "
            "entry of that name"
        )
    assert custom_objects is not None
    return custom_objects[config]
