"""`NumpyOptimizer`, the base of those whose steps the engine's formulas cannot express."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from pynn.optimizers._optimizer import Optimizer
from pynn.optimizers._variables import Tracked, read, write


class NumpyOptimizer(Optimizer):
    """Base of the optimizers that look at a weight as a whole, or at what it was.

    The engine's formulas see each entry of a weight alone. These are computed in NumPy, one weight
    after the other and one batch after the other.
    """

    def update_step(self, gradient: np.ndarray, variable: Any, learning_rate: float) -> None:
        """Change one variable by its clipped gradient; weight decay is done by then."""
        w, kept = read(variable), self._track(variable)
        step = self._iterations // (self.gradient_accumulation_steps or 1) + 1
        new, slots = self._stepped(w, gradient, kept.state or [], learning_rate, step)
        kept.state = [slot.astype(w.dtype, copy=False) for slot in slots]
        write(variable, new.astype(w.dtype, copy=False))

    def _track(self, variable: Any) -> Tracked:
        kept = super()._track(variable)
        if kept.state is None:  # before anything decays
            kept.state = self._first_slots(read(variable), variable)
        return kept

    def _first_slots(self, w: np.ndarray, variable: Any) -> list[np.ndarray]:
        """Return what is kept for a weight before its first step: arrays of its shape."""
        return [np.zeros_like(w), np.zeros_like(w)]

    @abstractmethod
    def _stepped(
        self, w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], rate: float, step: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the new weight and the new slots; steps are counted from 1."""
