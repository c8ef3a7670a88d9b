"""Where a training stands: the optimizer's arrays and step counter, and the seed of its noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    groups: list[dict[str, str]] = [{} for _ in weights]
    for key in file.shapes:
        prefix, *rest = key.split("/")
        if prefix == _PREFIX:
            i = _checked(lambda rest=rest: int(rest[0]), key)  # type: ignore[misc]
            if not 0 <= i < len(weights) or len(rest) != 2:
                raise ValueError(f"the array {key!r} belongs to no weight that is trained")
            groups[i][rest[1]] = key
    slots, kept = [], []
    for weight, names in zip(weights, groups, strict=True):
        native = [names.pop(f"slot_{j}") for j in range(len(names)) if f"slot_{j}" in names]
        form = (weight._variable.rows, weight._variable.cols)
        for key in native:
            if file.shapes[key] != form:
                raise ValueError(
                    f"the array {key!r} must have the shape {form} of weight {weight.path!r}. "
                    f"Received: shape={file.shapes[key]}"
                )
        for key in names.values():
            if file.shapes[key] != weight.shape:
                raise ValueError(
                    f"the array {key!r} must have the shape {weight.shape} of weight "
                    f"{weight.path!r}. Received: shape={file.shapes[key]}"
                )
        slots.append([file.read(key) for key in native])
        kept.append({name: file.read(key) for name, key in names.items()})
    seed = values["seed"]
    optimizer._set_iterations(_checked(lambda: int(values["iterations"]), "iterations"))
    optimizer._restore_arrays(weights, kept)
    if values["learning_rate"] is not None and isinstance(optimizer._learning_rate, float):
        optimizer.learning_rate = float(values["learning_rate"])
    number = None if seed is None else _checked(lambda: int(seed), "seed")
    model._trainers.restore(optimizer, weights, slots, number)


def shuffle_seed(values: Mapping[str, Any]) -> int | None:
    """Return the seed that the rows were shuffled with; older versions noted it here."""
    seed = values.get("shuffle_seed")
    return None if seed is None else _checked(lambda: int(seed), "shuffle_seed")


def _checked(convert: Callable[[], int], what: str) -> int:
    try:
        number = convert()
    except (ValueError, TypeError, IndexError):
        number = -1
    if not 0 <= number < 1 << 63:
        raise ValueError(f"{what!r} holds no valid number")
    return number
