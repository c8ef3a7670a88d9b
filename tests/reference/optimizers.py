"""The truth for the optimizers' kernels: what their declarations say in plain float64 NumPy.

Each entry of `OPTIMIZERS` is a function (w, state, g, rate, step, *hyper) -> (new w, new state):
`step` counts from 1, hyperparameters are in the engine's order or go by name, and the order of the
state is the engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from pynn import _core, optimizers
from pynn.optimizers import Optimizer

State = list[np.ndarray]
Step = tuple[np.ndarray, State]

_DECLARED = {
    name: (cls, formula)
    for cls in optimizers.registry.members
    for name, formula in vars(cls).get("_formulas", {}).items()
}
NAMES = tuple(_DECLARED)


def make(name: str) -> Optimizer:
    """Return an optimizer that uses the formula, with other hyperparameters than the defaults."""
    cls, formula = _DECLARED[name]
    return cls(**formula.example)


# Hyperparameters of each formula, in the engine's order.
HYPER: dict[str, list[float]] = {name: make(name)._native()[1] for name in NAMES}


def reference(name: str) -> Callable[..., Step]:
    step_of = _DECLARED[name][1].step

    def apply(
        w: np.ndarray, state: State, g: np.ndarray, rate: float, step: int, *hyper: float, **h
    ) -> Step:
        h.update(zip(_core.optimizer_parameters(name), hyper, strict=False))
        return step_of(w, g, state, SimpleNamespace(rate=rate, step=step, **h))

    return apply


OPTIMIZERS = {name: reference(name) for name in NAMES}
