"""The logarithm of the hyperbolic cosine of the error."""

from __future__ import annotations

import math
from typing import Any

from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``log(cosh(y_pred - y_true))`` over the last axis.

    Close to half the square for small errors, to ``|y_pred - y_true| - log(2)`` for large ones.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.log_cosh([[0.0]], [[1.0]]).round(4)
    array([0.4338], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    size = xp.abs(y_pred - y_true)
    return xp.mean(size + xp.log1p(xp.exp(-2.0 * size)) - math.log(2.0), axis=-1)


class LogCosh(NamedLoss):
    """The logarithm of the hyperbolic cosine of the error, see `log_cosh`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.LogCosh()([[0.0]], [[1.0]]), 4)
    0.4338
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: str | None = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "log_cosh", []
