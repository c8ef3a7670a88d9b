"""The negative log-likelihood of the Poisson distribution."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def poisson(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``y_pred - y_true log(y_pred + epsilon)`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)
        Counts and expected counts, not negative.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.poisson([[2.0]], [[1.0]]).round(4)
    array([1.], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    return xp.mean(y_pred - y_true * xp.log(y_pred + _state.epsilon()), axis=-1)


class Poisson(NamedLoss):
    """The Poisson loss, see `poisson`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.Poisson()([[2.0]], [[1.0]]), 4)
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: str | None = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "poisson", []
