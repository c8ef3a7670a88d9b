"""What optimizers change: arrays in place, and objects with ``.numpy()`` and ``.assign()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pynn._array_result import ArrayResult
from pynn._tracing import here
from pynn._weight import Weight


class Kept(ArrayResult):
    """An array that an optimizer keeps, with what Keras's variables have besides."""

    path: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    def numpy(self) -> np.ndarray:
        """Return a copy of the numbers, which the next step leaves as it is."""
        return np.array(self)

    def assign(self, value: Any) -> Kept:
        """Overwrite the numbers, and return self."""
        self[...] = value
        return self


def kept_variable(array: np.ndarray, path: str) -> Kept:
    """Return an array as a variable; both are the same memory."""
    variable = array.view(Kept)
    variable.path = path
    return variable


class Tracked:
    """What an optimizer keeps for one variable.

    `state` are the slots of its formula, or the `made` arrays of an optimizer of somebody's own.
    """

    def __init__(self, variable: Any, value: np.ndarray, state: list[np.ndarray]) -> None:
        self.variable = variable
        self.state = state
        self.made = len(state)
        self.accumulated = np.zeros_like(value)
        self.average = np.zeros_like(value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return copies of what is kept, by name: what `restore` takes."""
        kept = {"accumulated": self.accumulated.copy(), "average": self.average.copy()}
        for i, array in enumerate(self.state):
            kept[f"state_{i}"] = array.copy()
        return kept

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take up what `arrays` returned.

        Raises
        ------
        ValueError
            If a name is missing or a shape differs.
        """
        count = sum(name.startswith("state_") for name in arrays)
        names = ["accumulated", "average", *(f"state_{i}" for i in range(count))]
        shape, dtype = self.average.shape, self.average.dtype
        if set(names) != set(arrays) or any(a.shape != shape for a in arrays.values()):
            raise ValueError(
                f"an optimizer keeps arrays of shape {shape} named accumulated, average and "
                f"state_0, state_1, ... Received: { {k: a.shape for k, a in arrays.items()} }"
            )
        own = {name: array.astype(dtype) for name, array in arrays.items()}
        self.accumulated, self.average = own["accumulated"], own["average"]
        state = [own[name] for name in names[2:]] or self.state
        if len(state) != len(self.state):
            self.state = state
            return
        for slot, array in zip(self.state, state, strict=True):
            slot[...] = array  # which the engine may step, too


def key_of(variable: Any) -> int:
    """Return what a variable is known by; views of one weight of the engine share it."""
    return id(getattr(variable, "_variable", variable))


def read(variable: Any) -> np.ndarray:
    """Return the value of a variable."""
    if isinstance(variable, np.ndarray):
        value = variable
    elif hasattr(variable, "numpy") and hasattr(variable, "assign"):
        value = np.asarray(variable.numpy())
    else:
        raise ValueError(
            "a variable must be an array or have .numpy() and .assign(). "
            f"Received: {type(variable).__name__}"
        )
    if value.dtype.char not in "fd" or not value.dtype.isnative:
        raise ValueError(f"a variable must be float32 or float64. Received: {value.dtype}")
    return value


def in_place(variable: Any) -> np.ndarray | None:
    """Return the memory of a variable that may be changed without it being asked, or None."""
    if isinstance(variable, Weight) and not here.is_recording:
        return variable.view
    known = isinstance(variable, np.ndarray) and variable.flags.writeable
    return read(variable) if known else None


def write(variable: Any, value: Any) -> None:
    """Store a value in a variable."""
    if isinstance(variable, np.ndarray):
        variable[...] = value
    else:
        variable.assign(value)
