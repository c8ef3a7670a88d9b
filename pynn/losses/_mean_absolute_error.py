"""The mean absolute error."""

from __future__ import annotations

from typing import Any

from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``|y_pred - y_true|`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.mean_absolute_error([[0.0, 1.0]], [[1.0, 4.0]])
    array([2.], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    return xp.mean(xp.abs(y_pred - y_true), axis=-1)


class MeanAbsoluteError(NamedLoss):
    """The mean absolute error, see `mean_absolute_error`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 4.0]])
    2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "mean_absolute_error", []
