"""Clipping gradients: by value, by the norm of each, by the norm of all."""

from __future__ import annotations

import math

import numpy as np


def _norm(gradient: np.ndarray) -> float:
    return math.sqrt(float(np.sum(np.square(gradient, dtype=np.float64))))


def clip_by_value(gradient: np.ndarray, bound: float) -> np.ndarray:
    """Return `gradient` with entries moved into [-bound, bound]."""
    return np.clip(gradient, -bound, bound)


def clip_by_norm(gradient: np.ndarray, norm: float) -> np.ndarray:
    """Return `gradient`, shortened to `norm` if it is longer."""
    return gradient * gradient.dtype.type(norm / max(_norm(gradient), norm))


def clip_by_global_norm(gradients: list[np.ndarray], norm: float) -> list[np.ndarray]:
    """Return `gradients`, shortened by one factor if together they are longer than `norm`."""
    together = math.sqrt(sum(_norm(g) ** 2 for g in gradients))
    scale = norm / max(together, norm) if math.isfinite(together) else math.nan
    return [g * g.dtype.type(scale) for g in gradients]
