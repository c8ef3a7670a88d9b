"""The negative cosine of the angle between targets and predictions."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


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
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
        self.axis = axis
