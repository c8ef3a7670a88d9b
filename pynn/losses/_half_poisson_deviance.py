"""Half the Poisson deviance, scikit-learn's ``loss="poisson"``."""

from __future__ import annotations

from typing import Any

from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def half_poisson_deviance(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``y_true log(y_true / y_pred) - y_true + y_pred`` over the last axis.

    It differs from `poisson` by what does not depend on `y_pred`, and is 0 for perfect predictions.

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., features)
        Counts, not negative.
    y_pred : array-like or tensor, shape (..., features)
        Expected counts, positive.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.half_poisson_deviance([[0.0], [2.0]], [[1.0], [2.0]])
    array([1., 0.], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    counted = y_true > 0
    logarithm = y_true * xp.log(xp.where(counted, y_true, 1.0) / y_pred)
    return xp.mean(xp.where(counted, logarithm, 0.0) - y_true + y_pred, axis=-1)


class HalfPoissonDeviance(NamedLoss):
    """Half the Poisson deviance, see `half_poisson_deviance`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.HalfPoissonDeviance()([[0.0], [2.0]], [[1.0], [2.0]])
    0.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "half_poisson_deviance",
        dtype: str | None = None,
    ) -> None:
        super().__init__(half_poisson_deviance, reduction, name, dtype)

    def _native(self) -> tuple[str, list[float]]:
        return "half_poisson_deviance", []
