"""Where a training stands: the optimizer's arrays and step counter, and the seed of its noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pynn._safetensors import SafetensorsFile
    from pynn.models import Model

_PREFIX = "optimizer"


def training_state(model: Model) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return plain values and arrays; the arrays' names begin with ``optimizer/``."""
    optimizer, weights = model.optimizer, model.trainable_weights
    arrays = {}
    slots = model._trainers.state(weights)
    for i, (native, kept) in enumerate(zip(slots, optimizer._kept_arrays(weights), strict=True)):
        for j, array in enumerate(native):
            arrays[f"{_PREFIX}/{i}/slot_{j}"] = array
        for name, array in kept.items():
            arrays[f"{_PREFIX}/{i}/{name}"] = array
    rate = optimizer._learning_rate
    seed = model._trainers.seed
    values = {
        "optimizer": type(optimizer).__name__,
        "learning_rate": rate if isinstance(rate, float) else None,
        "iterations": optimizer._iterations,
        "seed": None if seed is None else str(seed),
    }
    return values, arrays


def restore_training(model: Model, values: Mapping[str, Any], file: SafetensorsFile) -> None:
    """Let a compiled model go on where the state's training stood.

    Raises
    ------
    ValueError
        If the state is of another optimizer or does not fit the weights.
    """
    optimizer, weights = model.optimizer, model.trainable_weights
    if values["optimizer"] != type(optimizer).__name__:
        raise ValueError(
            f"the training in the file used the optimizer {values['optimizer']}. "
            f"Received: a model compiled with {type(optimizer).__name__}"
        )
    found: list[dict[str, np.ndarray]] = [{} for _ in weights]
    for key, shape in file.shapes.items():
        prefix, *rest = key.split("/")
        if prefix != _PREFIX:
            continue
        if len(rest) != 2 or not rest[0].isdecimal() or int(rest[0][:9]) >= len(weights):
            raise ValueError(f"the array {key!r} belongs to no weight that is trained")
        i, name = int(rest[0]), rest[1]
        weight = weights[i]
        native = (weight._variable.rows, weight._variable.cols)
        form = native if name.startswith("slot_") else weight.shape
        if shape != form:
            raise ValueError(
                f"the array {key!r} must have the shape {form} of weight {weight.path!r}. "
                f"Received: shape={shape}"
            )
        found[i][name] = file.read(key)
    slots = [[own.pop(f"slot_{j}") for j in range(len(own)) if f"slot_{j}" in own] for own in found]
    if len({len(own) for own in slots if own}) > 1:
        raise ValueError("some weights have more of the optimizer's arrays than others")
    optimizer._set_iterations(_number(values, "iterations") or 0)
    optimizer._restore_arrays(weights, found)
    if values["learning_rate"] is not None and isinstance(optimizer._learning_rate, float):
        optimizer.learning_rate = float(values["learning_rate"])
    model._trainers.restore(optimizer, weights, slots, _number(values, "seed"))


def shuffle_seed(values: Mapping[str, Any]) -> int | None:
    """Return the seed that the rows were shuffled with; older versions noted it here."""
    return _number({"shuffle_seed": None, **values}, "shuffle_seed")


def _number(values: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number that is written as itself or as a text."""
    value = values[name]
    if value is None:
        return None
    number = int(value) if type(value) is int or str(value).isdecimal() else -1
    if not 0 <= number < 1 << 63:
        raise ValueError(f"{name!r} holds no valid number")
    return number
