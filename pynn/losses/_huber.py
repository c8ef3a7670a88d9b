"""The Huber loss."""

from __future__ import annotations

from typing import Any

from pynn._number_checks import is_number
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss


def _check_delta(delta: float) -> None:
    if not is_number(delta) or not delta > 0:
        raise ValueError(f"delta must be positive. Received: delta={delta!r}")


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Return the mean over the last axis of a square that becomes a line away from zero.

    With ``e = y_pred - y_true`` it is ``e**2 / 2`` where ``|e| <= delta``, and
    ``delta (|e| - delta / 2)`` elsewhere (Huber, 1964, "Robust estimation of a location
    parameter").

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)
    delta : float, default=1.0
        Where the line begins.

    Returns
    -------
    array or tensor, shape (...)

    Raises
    ------
    ValueError
        If `delta` is not positive.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.huber([[0.0, 0.0]], [[1.0, 3.0]])
    array([1.5], dtype=float32)
    """
    _check_delta(delta)
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    error = y_pred - y_true
    size = xp.abs(error)
    square = 0.5 * xp.square(error)
    return xp.mean(xp.where(size <= delta, square, delta * size - 0.5 * delta**2), axis=-1)


class Huber(NamedLoss):
    """The Huber loss, see `huber`.

    Parameters
    ----------
    delta : float, default=1.0
        Where the square becomes a line.
    reduction, name, dtype
        See `Loss`.

    Raises
    ------
    ValueError
        If `delta` is not positive.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.Huber(delta=2.0)([[0.0, 0.0]], [[1.0, 3.0]])
    2.25
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: str | None = None,
    ) -> None:
        _check_delta(delta)
        super().__init__(huber, reduction, name, dtype, delta=delta)
        self.delta = delta

    def _native(self) -> tuple[str, list[float]]:
        return "huber", [float(self.delta)]
