"""The binary cross-entropy with less weight on what is predicted well already."""

from __future__ import annotations

from typing import Any

from pynn._pair import as_pair
from pynn.losses._binary_crossentropy import entropy_of_probabilities, sigmoid
from pynn.losses._loss import NamedLoss
from pynn.losses._smoothing import check_smoothing, smooth


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Return the mean over `axis` of the binary cross-entropy times ``(1 - p)**gamma``.

    ``p`` is the probability that was given to the true outcome (Lin et al., 2017, "Focal loss for
    dense object detection").

    Parameters
    ----------
    y_true : array-like or tensor, shape (..., features)
        0 or 1.
    y_pred : array-like or tensor, shape (..., features)
        Probabilities, or logits.
    apply_class_balancing : bool, default=False
        Whether losses are also multiplied by `alpha` for 1 and by ``1 - alpha`` for 0.
    alpha : float, default=0.25
    gamma : float, default=2.0
        0 gives the plain cross-entropy.
    from_logits : bool, default=False
        Whether `y_pred` is what a sigmoid has yet to be applied to.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards 1/2.
    axis : int, default=-1

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
    >>> losses.binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.25]]).round(4)
    array([0.4765], dtype=float32)
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    target = smooth(y_true, label_smoothing, 2)
    if from_logits:
        y_pred = sigmoid(xp, y_pred)
    given = target * y_pred + (1.0 - target) * (1.0 - y_pred)
    values = xp.power(1.0 - given, gamma) * entropy_of_probabilities(xp, target, y_pred)
    if apply_class_balancing:
        values = values * (target * alpha + (1.0 - target) * (1.0 - alpha))
    return xp.mean(values, axis=axis)


class BinaryFocalCrossentropy(NamedLoss):
    """The binary focal cross-entropy, see `binary_focal_crossentropy`.

    Parameters
    ----------
    apply_class_balancing : bool, default=False
        Whether losses are also multiplied by `alpha` for 1 and by ``1 - alpha`` for 0.
    alpha : float, default=0.25
    gamma : float, default=2.0
        How strongly good predictions are played down.
    from_logits : bool, default=False
        Whether predictions are what a sigmoid has yet to be applied to.
    label_smoothing : float in [0, 1], default=0.0
        How far targets are moved towards 1/2.
    axis : int, default=-1
        Along which the mean is taken.
    reduction, name, dtype
        See `Loss`.

    Raises
    ------
    ValueError
        If `label_smoothing` is outside [0, 1].

    Examples
    --------
    >>> from pynn import losses
    >>> round(losses.BinaryFocalCrossentropy(gamma=1.0)([[0.0, 1.0]], [[0.5, 0.25]]), 4)
    0.6931
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        check_smoothing(label_smoothing)
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def _native(self) -> tuple[str, list[float]] | None:
        if self.from_logits or self.axis != -1:
            return None
        alpha = self.alpha if self.apply_class_balancing else -1.0  # the engine's "no balancing"
        return "binary_focal_crossentropy", [
            float(self.label_smoothing),
            float(self.gamma),
            float(alpha),
        ]
