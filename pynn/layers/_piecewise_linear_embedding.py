"""`PiecewiseLinearEmbedding`: numbers as vectors, by learned slopes in bins from the data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn import initializers, ops
from pynn._number_checks import checked_size
from pynn.layers._adapting import Adapting
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["PiecewiseLinearEmbedding"]

# In the place of infinities: a clip without a bound.
_UNBOUNDED = 1e30
# Of a column's range: what is nearer to a bound than this makes none of its own, as float32 could
# not tell where in between a number is.
_NARROWEST = 1e-6


@registry.add(example={"n_bins": 4, "units": 2}, keras=False)
class PiecewiseLinearEmbedding(Adapting, Layer):
    """Give each number some values that are piecewise linear functions of it.

    Of a number x these are ``kernel * x + bias`` and, for each bin, a learned multiple of how far x
    has come through it: 0 before, 1 behind, not bounded outside the first and the last one. `adapt`
    takes the bins from data of shape (rows, features), each with as many of a feature's numbers:
    fewer where there are not as many different ones, and none of a constant. Without it, values are
    linear. Inputs of shape (..., features) become (..., features * units): the values of the first
    feature, those of the second, and so on.

    Parameters
    ----------
    n_bins : int, default=48
        The most of each feature.
    units : int, default=4
        Values of each number.
    **kwargs
        ``name``, ``dtype``, ``input_shape`` and ``learning_rate_factors`` of `Layer`.

    Attributes
    ----------
    kernel, bias : Weight, shape (features, units)
        They begin uniform in ``[-1, 1] / sqrt(units)``.
    bins : Weight, shape (features, n_bins, units)
        They begin with 0.
    slope, start, low, high : Weight, shape (features, n_bins)
        Not trainable: x has come ``clip(x * slope + start, low, high)`` through a bin.

    References
    ----------
    Gorishniy, Rubachev and Babenko, 2022, "On embeddings for numerical features in tabular deep
    learning", in the version of Gorishniy et al., 2025, "TabM: advancing tabular deep learning with
    parameter-efficient ensembling".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> x = np.linspace(0.0, 1.0, 10).reshape(5, 2)
    >>> embedding = layers.PiecewiseLinearEmbedding(n_bins=4, units=3)
    >>> embedding.adapt(x)
    >>> embedding(x).shape
    (5, 6)
    """

    def __init__(self, n_bins: int = 48, units: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_bins = checked_size("n_bins", n_bins)
        self.units = checked_size("units", units)
        self.kernel: Any = None
        self.bias: Any = None
        self.bins: Any = None
        self.slope: Any = None
        self.start: Any = None
        self.low: Any = None
        self.high: Any = None
        self._batches: list[np.ndarray] = []

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape."""
        features = input_shape[-1]
        limit = 1.0 / math.sqrt(self.units)
        uniform = initializers.RandomUniform(-limit, limit)
        weight = self.add_weight
        self.kernel = weight((features, self.units), uniform, name="kernel")
        self.bias = weight((features, self.units), uniform, name="bias")
        self.bins = weight((features, self.n_bins, self.units), "zeros", name="bins")
        self.slope, self.start, self.low, self.high = (
            weight((features, self.n_bins), "zeros", trainable=False, name=name)
            for name in ("slope", "start", "low", "high")
        )
        self.built = True

    def reset_state(self) -> None:
        """Forget the batches of an unfinished `adapt`; bins stay as they are."""
        self._batches = []

    def update_state(self, data: Any) -> None:
        """Take a batch of rows into account.

        Parameters
        ----------
        data : array-like, shape (rows, features)
            Finite numbers.

        Raises
        ------
        ValueError
            If data has another shape, no rows, or numbers that are not finite.
        """
        numbers = np.asarray(data, np.float64)
        if numbers.ndim != 2 or not len(numbers) or not np.isfinite(numbers).all():
            raise ValueError(
                "adapt takes finite numbers of shape (rows, features). Received: shape "
                f"{numbers.shape}"
            )
        if not self.built:
            self.build((None, numbers.shape[1]))
        if numbers.shape[1] != self.slope.shape[0]:
            raise ValueError(
                f"adapt takes {self.slope.shape[0]} features. Received: shape {numbers.shape}"
            )
        self._batches.append(numbers)

    def finalize_state(self) -> None:
        """Take the bins from all batches."""
        if not self._batches:
            raise ValueError("adapt takes at least one batch. Received: none")
        numbers = np.concatenate(self._batches)
        self._batches = []
        shape = tuple(self.slope.shape)
        shares = np.linspace(0.0, 1.0, max(min(self.n_bins, len(numbers) - 1), 1) + 1)
        slope, start = np.zeros(shape), np.zeros(shape)
        low, high = np.zeros(shape), np.zeros(shape)
        for i, column in enumerate(numbers.T):
            edges = np.quantile(column, shares)
            widths = np.diff(edges, prepend=-np.inf)
            edges = edges[widths > _NARROWEST * (edges[-1] - edges[0])]
            widths = np.diff(edges)
            n = len(widths)
            if n == 0:  # a constant
                continue
            slope[i, :n], start[i, :n] = 1.0 / widths, -edges[:-1] / widths
            high[i, :n] = 1.0
            low[i, 0], high[i, n - 1] = -_UNBOUNDED, _UNBOUNDED
        self.slope.assign(slope)
        self.start.assign(start)
        self.low.assign(low)
        self.high.assign(high)

    def call(self, inputs: Any) -> Any:
        """Return the values, (..., features * units)."""
        numbers = ops.expand_dims(inputs, -1)
        parts = numbers * self.slope + self.start
        parts = ops.minimum(ops.maximum(parts, self.low), self.high)
        vectors = numbers * self.kernel + self.bias
        before = "abcdefgh"[: len(inputs.shape) - 1]
        vectors = vectors + ops.einsum(f"{before}nt,nts->{before}ns", parts, self.bins)
        return ops.reshape(vectors, (-1, *inputs.shape[1:-1], inputs.shape[-1] * self.units))
