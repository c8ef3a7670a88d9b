"""`PiecewiseLinear`: what RealMLP and TabM make of numbers by bins that are taken from the data.

Source: Gorishniy et al., 2022, "On embeddings for numerical features in tabular deep learning", in
the version of TabM (Gorishniy et al., 2025).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn import initializers, layers, ops

# In the place of infinities: a clip without a bound.
_UNBOUNDED = 1e30


def uniform(fan_in: int) -> initializers.Initializer:
    """Return what draws from ±1/√fan_in."""
    limit = 1.0 / math.sqrt(fan_in)
    return initializers.RandomUniform(-limit, limit)


class PiecewiseLinear(layers.Layer):
    """A vector for each number: linear in it, plus a piecewise linear part that begins with 0.

    `fit` takes the bins from the data. Inputs of shape (..., n) become (..., n * size).
    """

    def __init__(self, n_bins: int, size: int, **options: Any) -> None:
        super().__init__(**options)
        self.n_bins = n_bins
        self.size = size

    def build(self, shape: Any) -> None:
        n = shape[-1]
        spread = uniform(self.size)
        self.kernel = self.add_weight(shape=(n, self.size), initializer=spread, name="kernel")
        self.bias = self.add_weight(shape=(n, self.size), initializer=spread, name="bias")
        self.bins = self.add_weight(
            shape=(n, self.n_bins, self.size), initializer="zeros", name="bins"
        )
        self.slope, self.start, self.low, self.high = (
            self.add_weight(shape=(n, self.n_bins), initializer="zeros", trainable=False, name=name)
            for name in ("slope", "start", "low", "high")
        )

    def fit(self, numbers: np.ndarray) -> None:
        """Set bins with as many numbers each; the first and the last have no bound outside.

        There are fewer than `n_bins` where there are not as many different numbers.
        """
        shape = self.slope.shape
        edges_wanted = np.linspace(0.0, 1.0, max(min(self.n_bins, len(numbers) - 1), 1) + 1)
        slope, start = np.zeros(shape), np.zeros(shape)
        low, high = np.zeros(shape), np.zeros(shape)
        for i, column in enumerate(numbers.T.astype(np.float64)):
            edges = np.unique(np.quantile(column, edges_wanted))
            widths = np.diff(edges)
            n = len(widths)
            if n == 0:  # a constant
                continue
            slope[i, :n], start[i, :n] = 1.0 / widths, -edges[:-1] / widths
            high[i, :n] = 1.0
            low[i, 0], high[i, n - 1] = -_UNBOUNDED, _UNBOUNDED
        for weight, value in (
            (self.slope, slope),
            (self.start, start),
            (self.low, low),
            (self.high, high),
        ):
            weight.assign(value)

    def call(self, inputs: Any) -> Any:
        numbers = ops.expand_dims(inputs, -1)
        parts = numbers * self.slope + self.start
        parts = ops.minimum(ops.maximum(parts, self.low), self.high)
        vectors = numbers * self.kernel + self.bias
        before = "bm"[: len(inputs.shape) - 1]
        vectors = vectors + ops.einsum(f"{before}nt,nts->{before}ns", parts, self.bins)
        return ops.reshape(vectors, (-1, *inputs.shape[1:-1], inputs.shape[-1] * self.size))
