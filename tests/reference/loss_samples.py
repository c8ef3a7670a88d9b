"""Targets and predictions for every loss."""

from __future__ import annotations

import numpy as np

from pynn import _core

OF_AMOUNTS = {"half_gamma_deviance"}
OF_SIGNS = {"hinge", "squared_hinge"}
OF_COUNTS = {"poisson", "half_poisson_deviance", "mean_squared_logarithmic_error"}


def defaults(name: str) -> list[float]:
    return [default for _, default in _core.loss_parameters(name)]


def samples(name: str, rows: int, features: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions from where the loss is defined."""
    rng = np.random.default_rng(rows + 100 * features)
    shape = (rows, features)
    y_pred = rng.normal(0, 2, shape)
    y_true = rng.normal(0, 2, shape)
    if name in OF_SIGNS:
        y_true = rng.choice([-1.0, 0.0, 1.0], shape)
    elif name in OF_COUNTS:
        y_true, y_pred = rng.poisson(2, shape) * 1.0, rng.gamma(2, 1, shape)
    elif name in OF_AMOUNTS:
        y_true, y_pred = rng.gamma(2, 1, shape), rng.gamma(2, 1, shape)
    elif "crossentropy" in name or name == "kl_divergence":
        if not name.endswith("_logits"):
            y_pred = rng.uniform(0.02, 0.98, shape)
        if name.startswith("sparse_"):
            y_true = rng.integers(0, features, (rows, 1)) * 1.0
        elif name.startswith("binary_"):
            y_true = rng.choice([0.0, 1.0], shape)
        else:
            y_true = rng.dirichlet(np.ones(features), rows)
    return y_true.astype(dtype), y_pred.astype(dtype)
