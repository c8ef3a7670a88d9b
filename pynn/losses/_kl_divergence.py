"""The Kullback-Leibler divergence of predicted from true distributions."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Return the sum of ``y_true log(y_true / y_pred)`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., classes)
        Probabilities, clipped to [epsilon, 1].

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    array([0.1438], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    y_true = xp.clip(y_true, _state.epsilon(), 1.0)
    y_pred = xp.clip(y_pred, _state.epsilon(), 1.0)
    return xp.sum(y_true * xp.log(y_true / y_pred), axis=-1)


class KLDivergence(NamedLoss):
    """The Kullback-Leibler divergence, see `kl_divergence`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    _over_classes = True

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: str | None = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "kl_divergence", []
