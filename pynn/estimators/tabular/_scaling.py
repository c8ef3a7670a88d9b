"""How columns of numbers are scaled for a network. They have no gaps any more."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from pynn.estimators._saving import saved_as

# What is beyond counts as this, so that differences and sums of columns are numbers too.
LARGEST_NUMBER = 1e300
# scikit-learn's: how near to the smallest and largest quantile the ends begin.
_THRESHOLD = 1e-7
_ENDS = float(ndtri(_THRESHOLD - np.spacing(1))), float(ndtri(1 - (_THRESHOLD - np.spacing(1))))
# TabM's, after Gorishniy et al., 2024, "TabR".
_NOISE = 1e-3
_MOST_QUANTILES, _FEWEST_QUANTILES, _ROWS_PER_QUANTILE = 1000, 10, 30


def deviations(x: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the standard deviation of each column, the squares of which need not be numbers."""
    mean = np.mean if weights is None else partial(np.average, weights=weights)
    apart = x - mean(x, axis=0)
    exponents = np.frexp(np.abs(apart).max(axis=0))[1]
    squares = np.square(np.ldexp(apart, -exponents))
    return np.ldexp(np.sqrt(mean(squares, axis=0)), exponents)


class Scaling(Protocol):
    """What scales columns.

    Attributes
    ----------
    scales_one_hot : bool
        Whether the columns of categories are scaled like the numbers.
    """

    scales_one_hot: bool

    def fit(self, x: np.ndarray, rng: np.random.Generator) -> None:
        """Take what is needed from x, float64 of shape (n, columns)."""

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the columns of x, float64 of shape (n, columns), scaled."""


class _Linear:
    """Subtracts `center` and multiplies by `factor`, each of shape (columns,).

    What is beyond `bound`, far from all that networks are trained on, becomes that.
    """

    center: np.ndarray
    factor: np.ndarray
    bound: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the columns scaled."""
        with np.errstate(over="ignore"):
            z = (x - self.center) * self.factor
        return np.clip(z, -self.bound, self.bound)


@saved_as("StandardScaling")
class StandardScaling(_Linear):
    """Mean 0 and standard deviation 1; what is constant becomes 0.

    No row of those that were fitted is as many deviations away as the bound, and networks give no
    numbers for much more.
    """

    scales_one_hot = False
    bound = 1e6  # deviations

    def fit(self, x: np.ndarray, rng: np.random.Generator) -> None:
        """Take mean and deviation from the columns."""
        self.center = x.mean(axis=0)
        self.factor = _inverse(np.where(np.ptp(x, axis=0) > 0, deviations(x), 0.0))


@saved_as("RobustScaling")
class RobustScaling(_Linear):
    """RealMLP's: median 0, quartiles 1 apart, and a smooth bound of 3.

    Where the quartiles are equal, the range becomes 2; what is constant becomes 0.
    """

    scales_one_hot = True
    bound = 1e150  # its square is a number

    def fit(self, x: np.ndarray, rng: np.random.Generator) -> None:
        """Take quartiles and range from the columns."""
        low, self.center, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
        between = high - low
        equal = ~(between > 0)
        between[equal] = self._extent(x[:, equal]) / 2.0
        self.factor = _inverse(between)

    def _extent(self, x: np.ndarray) -> np.ndarray:
        return np.ptp(x, axis=0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the columns scaled, within (-3, 3)."""
        z = super().__call__(x)
        return z / np.hypot(1.0, z / 3.0)


@saved_as("RobustTailsScaling")
class RobustTailsScaling(RobustScaling):
    """RobustScaling, but for columns whose quartiles are equal, as most of their values are.

    In those the values that differ from the median count alone: half of them come to lie within 2
    of it, before the bound. By its range, a column of zeros and some numbers, one of them large,
    would be zeros and next to nothing. Columns of two values are scaled as by their range.
    """

    def _extent(self, x: np.ndarray) -> np.ndarray:
        apart = np.abs(x - np.median(x, axis=0))
        return np.array([np.median(d[d > 0]) if d.any() else 0.0 for d in apart.T])


@saved_as("QuantileScaling")
class QuantileScaling:
    """TabM's: the quantile of the normal distribution for the share of the rows that have less.

    It computes what scikit-learn's ``QuantileTransformer(output_distribution="normal")`` does, with
    the quantiles of rows with a little noise, so that values which are frequent do not jump. In
    columns of small numbers the noise, and how near to the ends counts as there, are small too.
    """

    scales_one_hot = False

    def fit(self, x: np.ndarray, rng: np.random.Generator) -> None:
        """Take quantiles from the columns."""
        count = max(min(len(x) // _ROWS_PER_QUANTILE, _MOST_QUANTILES), _FEWEST_QUANTILES)
        self.shares = np.linspace(0.0, 1.0, min(count, len(x)))
        deviation = deviations(x)
        noise = _NOISE * np.minimum(deviation, 1.0 / np.maximum(deviation, 1.0))
        noisy = x + noise * rng.standard_normal(x.shape)
        self.quantiles = np.maximum.accumulate(np.quantile(noisy, self.shares, axis=0), axis=0)

    @property
    def margins(self) -> np.ndarray:
        """How near to its smallest and largest quantile a column's ends begin."""
        return _THRESHOLD * np.minimum(self.quantiles[-1] - self.quantiles[0], 1.0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the columns scaled."""
        scaled = np.empty_like(x)
        for i, (quantiles, margin) in enumerate(zip(self.quantiles.T, self.margins, strict=True)):
            column, shares = x[:, i], self.shares
            # Of several quantiles that are equal, the middle of their shares.
            above = np.interp(column, quantiles, shares)
            below = -np.interp(-column, -quantiles[::-1], -shares[::-1])
            share = (above + below) / 2
            share[column + margin > quantiles[-1]] = 1.0
            share[column - margin < quantiles[0]] = 0.0
            scaled[:, i] = np.clip(ndtri(share), *_ENDS)
        return scaled


def _inverse(x: np.ndarray) -> np.ndarray:
    """Return 1 / x, and 0 where that is not finite."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1.0 / x
    return np.where(np.isfinite(inverse), inverse, 0.0)


# By the names that recipes have for them.
SCALINGS: dict[str, type[Scaling]] = {
    "standard": StandardScaling,
    "robust": RobustScaling,
    "robust-tails": RobustTailsScaling,
    "quantile": QuantileScaling,
}
