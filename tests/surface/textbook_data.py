"""Small data with the shapes of the textbook's, for programs written as in its chapter."""

from __future__ import annotations

import numpy as np


def images(n: int = 600, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Noisy pictures of `classes` patterns: uint8 (n, 28, 28), and their labels, uint8 (n,)."""
    rng = np.random.default_rng(42)
    patterns = rng.integers(0, 200, (classes, 28, 28))
    y = rng.integers(0, classes, n)
    noise = rng.integers(0, 55, (n, 28, 28))
    return (patterns[y] + noise).astype(np.uint8), y.astype(np.uint8)


def housing(n: int = 480) -> tuple[np.ndarray, np.ndarray]:
    """Eight scaled features and a value that depends on them: (n, 8), (n,)."""
    rng = np.random.default_rng(42)
    x = rng.standard_normal((n, 8))
    y = 2 + 0.5 * x[:, 0] - 0.3 * x[:, 3] + 0.2 * np.tanh(x[:, 5] * x[:, 6])
    return x, y + 0.05 * rng.standard_normal(n)
