"""Losses of the error, the difference of prediction and target."""

from __future__ import annotations

import math
from typing import Any

from pynn import _state
from pynn._number_checks import is_number
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss, loss

__all__ = [
    "Huber",
    "LogCosh",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Quantile",
    "huber",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "pinball",
    "quantile",
]


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``(y_pred - y_true)**2`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.mean_squared_error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    array([0.5, 0.5], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    return xp.mean(xp.square(y_pred - y_true), axis=-1)


@loss(mean_squared_error, "mse", "MSE")
class MeanSquaredError(NamedLoss):
    """The mean squared error, see `mean_squared_error`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    0.5
    """


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``|y_pred - y_true|`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.mean_absolute_error([[0.0, 1.0]], [[1.0, 4.0]])
    array([2.], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    return xp.mean(xp.abs(y_pred - y_true), axis=-1)


@loss(mean_absolute_error, "mae", "MAE")
class MeanAbsoluteError(NamedLoss):
    """The mean absolute error, see `mean_absolute_error`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 4.0]])
    2.0
    """


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``100 |y_pred - y_true| / max(|y_true|, epsilon)`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)

    Returns
    -------
    array or tensor, shape (...)
        In percent. Epsilon is `pynn.backend.epsilon()`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]])
    array([25.], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    scale = xp.maximum(xp.abs(y_true), _state.epsilon())
    return 100.0 * xp.mean(xp.abs(y_pred - y_true) / scale, axis=-1)


@loss(mean_absolute_percentage_error, "mape", "MAPE")
class MeanAbsolutePercentageError(NamedLoss):
    """The mean absolute percentage error, see `mean_absolute_percentage_error`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]])
    25.0
    """


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``(log(1 + y_pred) - log(1 + y_true))**2`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)
        What is below `pynn.backend.epsilon()` counts as that.

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4)
    array([0.4805], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    epsilon = _state.epsilon()
    difference = xp.log1p(xp.maximum(y_pred, epsilon)) - xp.log1p(xp.maximum(y_true, epsilon))
    return xp.mean(xp.square(difference), axis=-1)


@loss(mean_squared_logarithmic_error, "msle", "MSLE", data="counts")
class MeanSquaredLogarithmicError(NamedLoss):
    """The mean squared logarithmic error, see `mean_squared_logarithmic_error`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.MeanSquaredLogarithmicError()([[0.0]], [[1.0]]), 4)
    0.4805
    """


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
    near = size <= delta
    square = 0.5 * xp.square(xp.where(near, error, 0.0))  # of large errors it would overflow
    return xp.mean(xp.where(near, square, delta * size - 0.5 * delta**2), axis=-1)


@loss(huber, "huber_loss", example={"delta": 0.6})
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
        super().__init__(reduction, name, dtype, delta=delta)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Return the mean of ``log(cosh(y_pred - y_true))`` over the last axis.

    Close to half the square for small errors, to ``|y_pred - y_true| - log(2)`` for large ones.

    Parameters
    ----------
    y_true, y_pred : array-like or tensor, shape (..., features)

    Returns
    -------
    array or tensor, shape (...)

    Examples
    --------
    >>> from pynn import losses
    >>> losses.log_cosh([[0.0]], [[1.0]]).round(4)
    array([0.4338], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    size = xp.abs(y_pred - y_true)
    return xp.mean(size + xp.log1p(xp.exp(-2.0 * size)) - math.log(2.0), axis=-1)


@loss(log_cosh, "logcosh")
class LogCosh(NamedLoss):
    """The logarithm of the hyperbolic cosine of the error, see `log_cosh`.

    Parameters
    ----------
    reduction, name, dtype
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.LogCosh()([[0.0]], [[1.0]]), 4)
    0.4338
    """


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


@loss(quantile, "pinball", keras=False, example={"tau": 0.8})
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
        super().__init__(reduction, name, dtype, tau=tau)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
logcosh = log_cosh
pinball = quantile
