"""Which functions the engine can average itself, and under which name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from pynn.losses._registry import CLASS_OF
from pynn.metrics._accuracy_functions import (
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
)

_ACCURACIES: dict[Callable[..., Any], tuple[str, dict[str, Any]]] = {
    binary_accuracy: ("binary_accuracy", {"threshold": 0.5}),
    categorical_accuracy: ("categorical_accuracy", {}),
    sparse_categorical_accuracy: ("sparse_categorical_accuracy", {}),
}


def native_name(function: Any, arguments: Mapping[str, Any]) -> str | None:
    """Return the engine's name of the mean of `function`, or None if it has no such."""
    if function in _ACCURACIES:
        name, usual = _ACCURACIES[function]
        return name if {**usual, **arguments} == usual else None
    if function not in CLASS_OF:
        return None
    native = CLASS_OF[function](**arguments)._native()
    if native is None:
        return None
    from pynn import _core

    name, values = native
    for value, (_, default) in zip(values, _core.loss_parameters(name), strict=True):
        if value != default and not (math.isnan(value) and math.isnan(default)):
            return None
    return f"loss:{name}"
