"""The form in which a model takes its inputs, as a value that JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class InputShape:
    """Stands for data of that shape, batch in front."""

    def __init__(self, shape: tuple[int | None, ...]) -> None:
        self.shape = shape


def structure_config(structure: Any) -> Any:
    """Return the config of a structure of tensors: their shapes in lists, tuples and dicts."""
    if isinstance(structure, Mapping):
        return {"dict": {key: structure_config(item) for key, item in structure.items()}}
    if isinstance(structure, (list, tuple)):
        name = "list" if isinstance(structure, list) else "tuple"
        return {name: [structure_config(item) for item in structure]}
    return {"shape": list(structure.shape)}


def structure_of(config: Any) -> Any:
    """Return what `structure_config` described, with an `InputShape` for each tensor.

    Raises
    ------
    ValueError
        If it is no such config.
    """
    ((name, value),) = config.items()
    if name == "dict":
        return {key: structure_of(item) for key, item in value.items()}
    if name in ("list", "tuple"):
        return (list if name == "list" else tuple)(structure_of(item) for item in value)
    if name == "shape" and all(n is None or (type(n) is int and n > 0) for n in value):
        return InputShape(tuple(value))
    raise ValueError(f"{config!r:.80} describes no input")
