"""The mean absolute percentage error."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``100 |y_pred - y_true| / max(|y_true|, epsilon)`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)

    Returns
    -------
    array or tensor, shape (...)
        In percent. Epsilon is `pynn.backend.epsilon()`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]])
    array([25.], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    scale = xp.maximum(xp.abs(y_true), _state.epsilon())
    return 100.0 * xp.mean(xp.abs(y_pred - y_true) / scale, axis=-1)


class MeanAbsolutePercentageError(NamedLoss):
    """The mean absolute percentage error, see `mean_absolute_percentage_error`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]])
    25.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "mean_absolute_percentage_error", []
