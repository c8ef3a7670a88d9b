"""Half the Gamma deviance, for positive targets whose errors grow with them."""

from __future__ import annotations

from typing import Any

from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def half_gamma_deviance(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``log(y_pred / y_true) + y_true / y_pred - 1`` over the last axis.

    It is the negative log-likelihood of a Gamma distribution with the mean `y_pred`, less what does
    not depend on that, and 0 for perfect predictions.

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., features)
        Positive numbers.
    y_pred : array-like or tensor, shape (..., features)
        Their expectations, positive.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.half_gamma_deviance([[1.0], [2.0]], [[0.5], [2.0]]).round(4)
    array([0.3069, 0.    ], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    ratio = y_true / y_pred
    return xp.mean(ratio - 1.0 - xp.log(ratio), axis=-1)


class HalfGammaDeviance(NamedLoss):
    """Half the Gamma deviance, see `half_gamma_deviance`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.HalfGammaDeviance()([[1.0], [2.0]], [[0.5], [2.0]]), 4)
    0.1534
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "half_gamma_deviance",
        dtype: str | None = None,
    ) -> None:
        super().__init__(half_gamma_deviance, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "half_gamma_deviance", []
