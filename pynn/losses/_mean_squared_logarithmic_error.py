"""The mean squared logarithmic error."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``(log(1 + y_pred) - log(1 + y_true))**2`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)
        What is below `pynn.backend.epsilon()` counts as that.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4)
    array([0.4805], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    epsilon = _state.epsilon()
    difference = xp.log1p(xp.maximum(y_pred, epsilon)) - xp.log1p(xp.maximum(y_true, epsilon))
    return xp.mean(xp.square(difference), axis=-1)


class MeanSquaredLogarithmicError(NamedLoss):
    """The mean squared logarithmic error, see `mean_squared_logarithmic_error`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.MeanSquaredLogarithmicError()([[0.0]], [[1.0]]), 4)
    0.4805
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "mean_squared_logarithmic_error", []
