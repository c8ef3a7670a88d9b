"""The quantile loss, also called pinball loss."""

from __future__ import annotations

from typing import Any

from pynn._number_checks import is_number
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def _check_tau(tau: float) -> None:
    if not is_number(tau) or not 0 < tau < 1:
        raise ValueError(f"tau must be in (0, 1). Received: tau={tau!r}")


def quantile(y_true: Any, y_pred: Any, tau: float = 0.5) -> Any:
    """Return the mean over the last axis of ``max(tau e, (tau - 1) e)``, ``e = y_true - y_pred``.

    The constant that makes it least is the `tau`-quantile of the targets (Koenker and Bassett,
    1978, "Regression quantiles").

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)
    tau : float in (0, 1), default=0.5
        Which quantile; 0.5 gives half the absolute error.

    Returns
    -------
    array or tensor, shape (...)

    Raises
    ------
    ValueError
        If `tau` is outside (0, 1).

    Examples
    --------
    >>> from pynn import losses
    >>> losses.quantile([[0.0], [0.0]], [[1.0], [-1.0]], tau=0.75)
    array([0.25, 0.75], dtype=float32)
    """
    _check_tau(tau)
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    error = y_true - y_pred
    return xp.mean(xp.maximum(tau * error, (tau - 1.0) * error), axis=-1)


class Quantile(NamedLoss):
    """The quantile or pinball loss, see `quantile`.

    Parameters
    ----------
    tau : float in (0, 1), default=0.5
        Which quantile is fitted.
    reduction, name, dtype
        See `Loss`.

    Raises
    ------
    ValueError
        If `tau` is outside (0, 1).

    Examples
    --------
    >>> from pynn import losses
    >>> losses.Quantile(tau=0.75)([[0.0], [0.0]], [[1.0], [-1.0]])
    0.5
    """

    def __init__(
        self,
        tau: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "quantile",
        dtype: str | None = None,
    ) -> None:
        _check_tau(tau)
        super().__init__(quantile, reduction, name, dtype, tau=tau)
        self.tau = tau

    def _native(self) -> tuple[str, list[float]]:
        return "quantile", [float(self.tau)]
