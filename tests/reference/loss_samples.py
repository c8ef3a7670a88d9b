"""Targets and predictions for every loss, from where it is defined."""

from __future__ import annotations

import numpy as np

from reference.losses import DECLARED


def samples_of(
    data: str, logits: bool, rows: int, features: int, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """Targets of one of the kinds that `pynn.losses` declares, and predictions for them."""
    rng = np.random.default_rng(rows + 100 * features)
    shape = (rows, features)
    y_pred = rng.normal(0, 2, shape)
    y_true = rng.normal(0, 2, shape)
    if data == "signs":
        y_true = rng.choice([-1.0, 0.0, 1.0], shape)
    elif data == "counts":
        y_true, y_pred = rng.poisson(2, shape) * 1.0, rng.gamma(2, 1, shape)
    elif data == "amounts":
        y_true, y_pred = rng.gamma(2, 1, shape), rng.gamma(2, 1, shape)
    elif data != "real":
        if not logits:
            y_pred = rng.uniform(0.02, 0.98, shape)
        if data == "labels":
            y_true = rng.integers(0, features, (rows, 1)) * 1.0
        elif data == "binary":
            y_true = rng.choice([0.0, 1.0], shape)
        else:
            y_true = rng.dirichlet(np.ones(features), rows)
    return y_true.astype(dtype), y_pred.astype(dtype)


def samples(name: str, rows: int, features: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions for one of the engine's losses."""
    cls, arguments = DECLARED[name]
    return samples_of(cls._data, "from_logits" in arguments, rows, features, dtype)
