"""The hinge loss."""

from __future__ import annotations

from typing import Any

from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def margin_shortfall(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Return ``xp`` and ``max(1 - y_true y_pred, 0)``, where targets of 0 count as -1."""
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    side = xp.where(xp.equal(y_true, 0), -1.0, y_true)
    return xp, xp.maximum(1.0 - side * y_pred, 0.0)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``max(1 - y_true y_pred, 0)`` over the last axis.

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
    >>> losses.hinge([[1.0], [0.0]], [[0.5], [0.5]])
    array([0.5, 1.5], dtype=float32)
    """
    xp, shortfall = margin_shortfall(y_true, y_pred)
    return xp.mean(shortfall, axis=-1)


class Hinge(NamedLoss):
    """The hinge loss, see `hinge`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.Hinge()([[1.0], [0.0]], [[0.5], [0.5]])
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "hinge", []
