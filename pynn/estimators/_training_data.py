"""Rows on their way into the training of an MLP estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class TrainingData:
    """Rows, coded targets and weights of a call to fit.

    Attributes
    ----------
    x : ndarray or CSR matrix of shape (n, features)
    targets : ndarray of shape (n,) or (n, k)
        As the estimator codes them.
    row_weight : ndarray of shape (n,) or None
        The sample weights.
    y : ndarray or None
        The targets as the user gave them, where a scorer wants them.
    """

    x: Any
    targets: np.ndarray
    row_weight: np.ndarray | None
    y: Any = None

    def take(self, rows: np.ndarray | slice) -> TrainingData:
        """Return the rows of these numbers, or of a slice."""
        weight = None if self.row_weight is None else self.row_weight[rows]
        y = None if self.y is None else self.y[rows]
        return TrainingData(self.x[rows], self.targets[rows], weight, y)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.x.shape[0])


def check_weights(weights: np.ndarray | None, whose: str) -> None:
    """Raise ValueError if there are weights, and all are 0: their mean would be undefined."""
    if weights is not None and not weights.any():
        raise ValueError(
            f"Sample weights must contain at least one non-zero number. Those of {whose} are all 0"
        )
