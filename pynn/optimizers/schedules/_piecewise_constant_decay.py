"""A learning rate that is constant between given steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn.optimizers.schedules._schedule import FormulaSchedule


class PiecewiseConstantDecay(FormulaSchedule):
    """The rate ``values[i]`` up to and including step ``boundaries[i]``, then the next.

    Parameters
    ----------
    boundaries : sequence of int
        Steps, in ascending order.
    values : sequence of float
        Rates, one more than boundaries.
    name : str, default="PiecewiseConstant"

    Raises
    ------
    ValueError
        If the numbers do not go together, or the boundaries do not ascend.

    Examples
    --------
    >>> from pynn import optimizers
    >>> schedule = optimizers.schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.05, 0.01])
    >>> schedule(100), schedule(101), schedule(1000)
    (0.1, 0.05, 0.01)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "boundaries must be one less than values. Received: "
                f"len(boundaries)={len(boundaries)}, len(values)={len(values)}"
            )
        if np.any(np.diff(boundaries) < 0):
            raise ValueError(f"boundaries must ascend. Received: boundaries={boundaries}")
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def _rates(self, steps: np.ndarray) -> Any:
        piece = np.searchsorted(self.boundaries, steps, side="left")
        return np.asarray(self.values, dtype=np.float64)[piece]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same schedule again."""
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
