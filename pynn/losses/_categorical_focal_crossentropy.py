"""The categorical cross-entropy with less weight on what is predicted well already."""

from __future__ import annotations

from typing import Any

from pynn._pair import as_pair
from pynn.losses._categorical_crossentropy import log_probabilities
from pynn.losses._loss import NamedLoss
from pynn.losses._smoothing import check_smoothing, smooth


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Return the sum of ``-alpha (1 - y_pred)**gamma y_true log(y_pred)`` over the classes.

    Source: Lin et al., 2017, "Focal loss for dense object detection".

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., classes)
        One-hot rows.
    y_pred : array-like or tensor, shape (..., classes)
        Probabilities, made to sum to 1 and clipped; or logits.
    alpha : float or sequence of float, default=0.25
        One weight for all classes, or one for each.
    gamma : float, default=2.0
        How strongly good predictions are played down.
    from_logits : bool, default=False
        Whether `y_pred` is what a softmax has yet to be applied to.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards ``1 / classes``.
    axis : int, default=-1
        Where the classes are.

    Returns
    -------
    array or tensor, shape (...)

    Raises
    ------
    ValueError
        If `label_smoothing` is outside [0, 1].

    Examples
    --------
    >>> from pynn import losses
    >>> losses.categorical_focal_crossentropy([[0, 1]], [[0.5, 0.5]], alpha=1.0).round(4)
    array([0.1733], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, y_pred.shape[axis])
    if from_logits:
        # As Keras does: the softmax's probabilities, clipped like given ones.
        y_pred = xp.exp(log_probabilities(xp, y_pred, True, axis))
    logarithm = log_probabilities(xp, y_pred, False, axis)
    weight = xp.power(1.0 - xp.exp(logarithm), gamma) * xp.asarray(alpha, dtype=y_pred.dtype)
    return -xp.sum(weight * target * logarithm, axis=axis)


class CategoricalFocalCrossentropy(NamedLoss):
    """The categorical focal cross-entropy, see `categorical_focal_crossentropy`.

    Parameters
    ----------
    alpha : float or sequence of float, default=0.25
        One weight for all classes, or one for each.
    gamma : float, default=2.0
        How strongly good predictions are played down.
    from_logits : bool, default=False
        Whether predictions are what a softmax has yet to be applied to.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards ``1 / classes``.
    axis : int, default=-1
        Where the classes are.
    reduction, name, dtype
        See `Loss`.

    Raises
    ------
    ValueError
        If `label_smoothing` is outside [0, 1].

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.CategoricalFocalCrossentropy(alpha=1.0)([[0, 1]], [[0.5, 0.5]]), 4)
    0.1733
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        check_smoothing(label_smoothing)
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
