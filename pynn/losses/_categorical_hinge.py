"""The hinge loss between the true class and the best of the others."""

from __future__ import annotations

from typing import Any

from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """Return ``max(1 + best wrong score - true class's score, 0)``.

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., classes)
        One-hot rows.
    y_pred : array-like or tensor, shape (..., classes)
        Scores; the best wrong one counts as 0 where all are negative.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.categorical_hinge([[0.0, 1.0, 0.0]], [[0.5, 0.75, 0.0]])
    array([0.75], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    right = xp.sum(y_true * y_pred, axis=-1)
    wrong = xp.max((1.0 - y_true) * y_pred, axis=-1)
    return xp.maximum(wrong - right + 1.0, 0.0)


class CategoricalHinge(NamedLoss):
    """The hinge loss between classes, see `categorical_hinge`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.CategoricalHinge()([[0.0, 1.0, 0.0]], [[0.5, 0.75, 0.0]])
    0.75
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
