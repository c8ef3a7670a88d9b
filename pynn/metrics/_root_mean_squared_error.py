"""The root of the mean squared error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn._numbers import Number
from pynn._pair import as_pair
from pynn.metrics._mean import Mean


class RootMeanSquaredError(Mean):
    """The root of the mean squared error, in the unit of the targets.

    Parameters
    ----------
    name : str, default="root_mean_squared_error"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [3.0]])
    3.0
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "root_mean_squared_error", dtype: str | None = None
    ) -> None:
        super().__init__(name, dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true, y_pred : array-like, shape (batch, ...)
        sample_weight : array-like, shape (batch,), default=None
        """
        _, y_true, y_pred = as_pair(y_true, y_pred)
        super().update_state(np.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """Return the root of the mean, a `Number`."""
        return Number(math.sqrt(super().result()))

    def _native(self) -> str | None:
        kind, usual = type(self), RootMeanSquaredError
        own = kind.update_state is not usual.update_state or kind.result is not usual.result
        return None if own else "loss:mean_squared_error"
