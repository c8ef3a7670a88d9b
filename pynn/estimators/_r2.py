"""The coefficient of determination, as scikit-learn's ``r2_score`` averages it over outputs.

It stands here because early stopping asks for it after every epoch, and an epoch of a small
network takes less time than scikit-learn's checks of its arguments.
"""

from __future__ import annotations

import numpy as np


def r2(targets: np.ndarray, outputs: np.ndarray, row_weight: np.ndarray | None = None) -> float:
    """Return the mean over outputs of 1 - (residual sum of squares) / (total sum of squares).

    An output whose target is constant counts as 1 if it is met exactly, else as 0.

    Parameters
    ----------
    targets, outputs : ndarray of shape (n,) or (n, k)
    row_weight : ndarray of shape (n,), default=None
        Weights of the rows.
    """
    t = targets.reshape(len(targets), -1).astype(np.float64)
    y = outputs.reshape(len(outputs), -1).astype(np.float64)
    weight = np.ones(len(t)) if row_weight is None else row_weight
    residual = weight @ (t - y) ** 2
    total = weight @ (t - np.average(t, axis=0, weights=weight)) ** 2
    constant = total == 0
    scores = 1 - residual / np.where(constant, 1, total)
    return float(np.where(constant, residual == 0, scores).mean())
