"""Losses of scores: the hinges, and the angle between vectors."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss, loss

__all__ = [
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "SquaredHinge",
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "squared_hinge",
]


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


@loss(hinge, data="signs")
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


@loss(squared_hinge, data="signs")
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


@loss(categorical_hinge, data="classes")
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


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Return the cosine of the angle between vectors along `axis`, 0 if one of them is 0."""
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    shortest = _state.epsilon() ** 2

    def unit(x: Any) -> Any:
        square = xp.sum(xp.square(x), axis=axis, keepdims=True)
        return x / xp.sqrt(xp.maximum(square, shortest))

    return xp.sum(unit(y_true) * unit(y_pred), axis=axis)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Return minus the cosine of the angle between vectors along `axis`, so -1 is the best.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)
        A vector of zeros has the cosine 0 with every other.
    axis : int, default=-1
        Along which the vectors lie.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.cosine_similarity([[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [1.0, 0.0]])
    array([-1., -0.], dtype=float32)
    """
    return -cosine(y_true, y_pred, axis)


@loss(cosine_similarity)
class CosineSimilarity(NamedLoss):
    """Minus the cosine of the angle between targets and predictions, see `cosine_similarity`.

    Parameters
    ----------
    axis : int, default=-1
        Along which the vectors lie.
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.CosineSimilarity()([[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [1.0, 0.0]])
    -0.5
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)
