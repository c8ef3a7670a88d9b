"""The orthogonal initializer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn.initializers._initializer import RandomInitializer, registry

__all__ = ["Orthogonal", "orthogonal"]


@registry.add("OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer.

    It is the orthogonal factor of a normal matrix (Saxe et al., 2014, "Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks"). Of more than two axes all but
    the last are taken together.

    Parameters
    ----------
    gain : float, default=1.0
        Factor on the matrix.
    seed : int or SeedGenerator, default=None
        See `RandomInitializer`.

    Examples
    --------
    >>> from pynn import initializers
    >>> w = initializers.Orthogonal(seed=1)((3, 2), dtype="float64")
    >>> (abs(w.T @ w).round(6)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"shape must have at least two axes. Received: shape={shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = rng.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        q *= np.sign(np.diag(r))  # makes the factor unique, and so uniform among all such matrices
        return self.gain * (q.T if rows < columns else q).reshape(shape)


orthogonal = Orthogonal
