"""The truth for the losses' kernels: what is declared in `pynn.losses`, on float64 arrays.

Each entry of `LOSSES` is (values(y_true, y_pred, *params) -> (n,), gradient(...) -> (n, features)).
The functions are plain NumPy, and so are the gradients of their ops; nothing of it is the engine's.
Sparse targets are (n, 1) arrays of labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pynn import Tape, _core, losses, ops
from pynn.losses import Loss

# The class of each of the engine's losses, and the arguments that lead to it.
DECLARED: dict[str, tuple[type[Loss], dict[str, Any]]] = {}
for _function, _cls in losses.CLASS_OF.items():
    DECLARED[_function.__name__] = (_cls, {})
    if "from_logits" in _cls()._fn_kwargs:
        DECLARED[f"{_function.__name__}_logits"] = (_cls, {"from_logits": True})
DECLARED = {name: known for name, known in DECLARED.items() if known[0](**known[1])._native()}


def example(name: str) -> Loss:
    """Return a loss that has other arguments than the defaults, where it takes any."""
    cls, arguments = DECLARED[name]
    return cls(**cls._example, **arguments)


def defaults(name: str) -> list[float]:
    return [default for _, default in _core.loss_parameters(name)]


def loss_of(name: str, params: tuple[float, ...]) -> Loss:
    """Return the loss that the engine computes with these parameters."""
    cls, arguments = DECLARED[name]
    named = dict(zip([n for n, _ in _core.loss_parameters(name)], params, strict=True))
    given: dict[str, Any] = {k: None if math.isnan(v) else v for k, v in named.items()}
    if "alpha" in given:
        given["apply_class_balancing"] = given["alpha"] >= 0
    return cls(**given, **arguments)


def entry(name: str) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    def values(t: np.ndarray, p: np.ndarray, *params: float) -> np.ndarray:
        return loss_of(name, params).call(t, np.asarray(p, np.float64))

    def gradient(t: np.ndarray, p: np.ndarray, *params: float) -> np.ndarray:
        with Tape() as tape:
            watched = tape.watch(np.asarray(p, np.float64))
            total = ops.sum(loss_of(name, params).call(t, watched))
            return np.asarray(tape.gradient(total, watched))

    return values, gradient


LOSSES = {name: entry(name) for name in DECLARED}
