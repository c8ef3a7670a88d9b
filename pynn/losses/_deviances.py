"""Losses of counts and amounts, positive numbers whose errors grow with them."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._pair import as_pair
from pynn.losses._loss import NamedLoss, loss

__all__ = [
    "HalfGammaDeviance",
    "HalfPoissonDeviance",
    "Poisson",
    "half_gamma_deviance",
    "half_poisson_deviance",
    "poisson",
]


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


@loss(poisson, data="counts")
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


@loss(half_poisson_deviance, keras=False, data="counts")
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


@loss(half_gamma_deviance, keras=False, data="amounts")
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
