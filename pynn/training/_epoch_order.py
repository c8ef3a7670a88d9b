"""`EpochOrder`: in which order epochs go through the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _state


class EpochOrder:
    """Rows as they stand, or shuffled by a seed and the epoch's number.

    A subclass may give row numbers of its own.

    Parameters
    ----------
    seed : int, default=None
        None leaves the rows in order.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed

    def begin(self, epoch: int) -> tuple[np.ndarray | None, int | None]:
        """Return the row numbers of an epoch, None for all, and the seed that shuffles them."""
        return None, None if self._seed is None else _state.mix_seed(self._seed, epoch)

    def ahead(self, next_epoch: int) -> dict[str, Any]:
        """Return the arguments by which the engine makes the orders from an epoch on itself."""
        return {} if self._seed is None else {"seed": self._seed, "next_epoch": next_epoch}

    def went_on(self, epochs: int) -> None:
        """Take note that the engine has made the orders of so many epochs."""
