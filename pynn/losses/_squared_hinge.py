"""The squared hinge loss."""

from __future__ import annotations

from typing import Any

from pynn.losses._hinge import margin_shortfall
from pynn.losses._loss import NamedLoss


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``max(1 - y_true y_pred, 0)**2`` over the last axis.

    Parameters
    ----------
    y_true : array-like or tensor of -1 and 1, shape (..., features)
        0 counts as -1.
    y_pred : array-like or tensor, shape (..., features)
        Scores, positive for the class 1.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.squared_hinge([[1.0], [0.0]], [[0.5], [0.5]])
    array([0.25, 2.25], dtype=float32)
    """
    xp, shortfall = margin_shortfall(y_true, y_pred)
    return xp.mean(xp.square(shortfall), axis=-1)


class SquaredHinge(NamedLoss):
    """The squared hinge loss, see `squared_hinge`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.SquaredHinge()([[1.0], [0.0]], [[0.5], [0.5]])
    1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "squared_hinge", []
