"""One unit trained sample by sample, in plain float64 NumPy: the truth for the perceptron kernel.

Rosenblatt's rule and the delta rule with L1 and L2 penalties as Tsuruoka, Tsujii and Ananiadou
(2009) apply them; the order of the operations is that of scikit-learn's SGD estimators.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Unit:
    """Weights, intercept and what the L1 penalty has to remember within one fit."""

    weights: np.ndarray
    intercept: float = 0.0
    l1_applied: np.ndarray = field(init=False)
    l1_total: float = 0.0

    def __post_init__(self) -> None:
        self.weights = np.array(self.weights, np.float64)
        self.l1_applied = np.zeros_like(self.weights)


def train_epoch(
    unit: Unit,
    x: np.ndarray,
    targets: np.ndarray,
    order: np.ndarray,
    *,
    rate: float = 1.0,
    l1: float = 0.0,
    l2: float = 0.0,
    linear: bool = False,
    fit_intercept: bool = True,
    intercept_decay: float = 1.0,
    sample_weight: np.ndarray | None = None,
    sparse: bool = False,
) -> tuple[float, int]:
    """Visit the rows in `order`; return the sum of their losses and the number of updates.

    The loss of a threshold unit is max(0, -t score), that of a linear unit (t - score)^2 / 2;
    neither is weighted. In a sparse row L1 reaches only the weights of the features it has.
    """
    loss_sum, updates = 0.0, 0
    for row in order:
        score = x[row] @ unit.weights + unit.intercept
        target = targets[row]
        if linear:
            loss_sum += 0.5 * (target - score) ** 2
            step = rate * (target - score)
        else:
            loss_sum += max(0.0, -target * score)
            step = rate * target if target * score <= 0 else 0.0
        if sample_weight is not None:
            step *= sample_weight[row]
        unit.weights *= max(0.0, 1.0 - rate * l2)
        if step != 0:
            updates += 1
            unit.weights += step * x[row]
            if fit_intercept:
                unit.intercept += step * intercept_decay
        if l1:
            unit.l1_total += rate * l1
            _take_off_l1(unit, x[row] != 0 if sparse else np.ones(len(x[row]), bool))
    return loss_sum, updates


def _take_off_l1(unit: Unit, touched: np.ndarray) -> None:
    """Move the touched weights towards zero by what L1 still takes, and never past zero."""
    for j in np.flatnonzero(touched):
        before = unit.weights[j]
        if before > 0:
            unit.weights[j] = max(0.0, before - (unit.l1_total + unit.l1_applied[j]))
        elif before < 0:
            unit.weights[j] = min(0.0, before + (unit.l1_total - unit.l1_applied[j]))
        unit.l1_applied[j] += unit.weights[j] - before
