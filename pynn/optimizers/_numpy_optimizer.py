"""`NumpyOptimizer`, the base of those whose steps the engine's formulas cannot express."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from pynn.optimizers._optimizer import Optimizer
from pynn.optimizers._variables import read, write


class NumpyOptimizer(Optimizer):
    """Base of the optimizers that look at a weight as a whole, or at what it was.

    The engine's formulas see each entry of a weight alone. These are computed in NumPy, one weight
    after the other and one batch after the other.
    """

    def update_step(self, gradient: np.ndarray, variable: Any, learning_rate: float) -> None:
        """Change one variable by its clipped gradient; weight decay is done by then."""
        w, kept = read(variable), self._track(variable)
        step = self._steps_taken() + 1
        new, slots = self._stepped(w, gradient, kept.state, learning_rate, step)
        for array, slot in zip(kept.state, slots, strict=True):
            array[...] = slot
        write(variable, new.astype(w.dtype, copy=False))

    def _first_state(self, w: np.ndarray, variable: Any) -> list[np.ndarray]:
        return [np.zeros_like(w), np.zeros_like(w)]

    @abstractmethod
    def _stepped(
        self, w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], rate: float, step: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the new weight and the new slots; steps are counted from 1."""
