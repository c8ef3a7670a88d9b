"""Losses of what targets and predictions have in common: the indices of Dice and Tversky."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynn import _state
from pynn._pair import as_axis, as_equal_pair
from pynn.losses._loss import NamedLoss, loss

__all__ = ["Dice", "Tversky", "dice", "tversky"]

Axis = int | Sequence[int] | None


def dice(y_true: Any, y_pred: Any, axis: Axis = None) -> Any:
    """Return ``1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred))``.

    How many are negative and found to be so does not count, so it suits rare classes (Milletari et
    al., 2016, "V-Net: fully convolutional neural networks for volumetric medical image
    segmentation").

    Parameters
    ----------
    y_true : array-like or tensor of 0 and 1, shape (batch, ...)
    y_pred : array-like or tensor, shape (batch, ...)
        Probabilities.
    axis : int or sequence of int, default=None
        What the sums are over; None stands for the whole batch.

    Returns
    -------
    array or tensor
        Without the summed axes.

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.dice([[1.0], [0.0], [1.0]], [[1.0], [0.0], [0.0]]).round(4)
    np.float32(0.3333)
    """
    xp, y_true, y_pred = as_equal_pair(y_true, y_pred)
    axis = as_axis(axis)
    common = xp.sum(y_true * y_pred, axis=axis)
    both = xp.sum(y_true, axis=axis) + xp.sum(y_pred, axis=axis)
    return 1.0 - 2.0 * common / (both + _state.epsilon())


@loss(dice, data="binary", example={"axis": -1})
class Dice(NamedLoss):
    """One minus the Dice index of a batch, see `dice`.

    Parameters
    ----------
    reduction : str or None, default="sum_over_batch_size"
        See `Loss`.
    name : str, default="dice"
    axis : int or sequence of int, default=None
        What the index is taken over; None stands for the whole batch.
    dtype : str, default=None
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.Dice()([[1.0], [0.0], [1.0]], [[1.0], [0.0], [0.0]]), 4)
    0.3333
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axis = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=as_axis(axis))


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None
) -> Any:
    """Return one minus the share of what is right in it and what is missed.

    With ``right = sum(y_true y_pred)`` it is ``1 - right / (right + alpha sum(y_true (1 - y_pred))
    + beta sum((1 - y_true) y_pred))`` (Salehi et al., 2017, "Tversky loss function for image
    segmentation using 3D fully convolutional deep networks").

    Parameters
    ----------
    y_true : array-like or tensor of 0 and 1, shape (batch, ...)
    y_pred : array-like or tensor, shape (batch, ...)
        Probabilities.
    alpha, beta : float, default=0.5
        What positive targets that are not found, and negative ones that are, cost. This is how
        Keras computes; its documentation has them the other way round. Both 0.5 give `dice`.
    axis : int or sequence of int, default=None
        What the sums are over; None stands for the whole batch.

    Returns
    -------
    array or tensor
        Without the summed axes.

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.tversky([[1.0], [0.0], [1.0]], [[1.0], [0.0], [0.0]], alpha=1.0).round(4)
    np.float32(0.5)
    """
    xp, y_true, y_pred = as_equal_pair(y_true, y_pred)
    axis = as_axis(axis)
    right = xp.sum(y_true * y_pred, axis=axis)
    unfound = xp.sum(y_true * (1.0 - y_pred), axis=axis)
    wrong = xp.sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - right / (right + alpha * unfound + beta * wrong + _state.epsilon())


@loss(tversky, data="binary", example={"alpha": 0.3, "beta": 0.8})
class Tversky(NamedLoss):
    """One minus the Tversky index of a batch, see `tversky`.

    Parameters
    ----------
    alpha, beta : float, default=0.5
        What positive targets that are not found, and negative ones that are, cost.
    reduction : str or None, default="sum_over_batch_size"
        See `Loss`.
    name : str, default="tversky"
    axis : int or sequence of int, default=None
        What the index is taken over; None stands for the whole batch.
    dtype : str, default=None
        See `Loss`.

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.Tversky(alpha=1.0)([[1.0], [0.0], [1.0]], [[1.0], [0.0], [0.0]]), 4)
    0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axis = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=as_axis(axis))
