"""The order in which an MLP's training visits the rows: scikit-learn's, epoch after epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.estimators._legacy_random import LegacyRandom
from pynn.estimators._saving import saved_as


@saved_as("RowOrder")
class RowOrder:
    """Orders of rows, each a shuffle of the one before.

    It remembers where it began and not how the rows lie by now: an array of them would make every
    fitted estimator as large as its data. Copies shuffle the same number of times again.

    Parameters
    ----------
    n_rows : int
    random : LegacyRandom
        Draws the shuffles, and goes on doing so.

    Attributes
    ----------
    n_rows : int
    n_shuffled : int
        How many orders have been made.
    """

    def __init__(self, n_rows: int, random: LegacyRandom) -> None:
        self.n_rows = n_rows
        self.n_shuffled = 0
        self._start = random.copy()
        self._rows: np.ndarray | None = None

    def next(self, random: LegacyRandom, first: np.ndarray | None) -> np.ndarray:
        """Return the row numbers of the next epoch; the array is changed by the next call.

        Parameters
        ----------
        random : LegacyRandom
            The generator that the order began with.
        first : ndarray of int64, shape (n_rows,), or None
            The row numbers before any shuffle; None stands for all in order.
        """
        if self._rows is None:
            self._rows = np.arange(self.n_rows) if first is None else first.astype(np.int64)
            again = self._start.copy()
            for _ in range(self.n_shuffled):
                again.shuffle(self._rows)
        random.shuffle(self._rows)
        self.n_shuffled += 1
        return self._rows

    def went_on(self, count: int) -> None:
        """Count shuffles of the array from `next` that its generator has made elsewhere."""
        self.n_shuffled += count

    def forget_rows(self) -> None:
        """Keep no array of rows until the next order is asked for."""
        self._rows = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_rows": None}
