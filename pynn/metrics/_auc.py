"""The area under the ROC or a precision-recall curve, from counts at fixed thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _namespace, _state
from pynn._allocation import check_metric
from pynn.losses import sigmoid
from pynn.metrics._confusion import Confusion, broadcast_weights, check_thresholds, count, prepare
from pynn.metrics._metric import Metric, divide_no_nan, number_or_array, registry

__all__ = ["AUC"]

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "minoring", "majoring")


@registry.add()
class AUC(Metric):
    """The area under a curve, approximated by counts at thresholds between 0 and 1.

    Parameters
    ----------
    num_thresholds : int, default=200
        How many thresholds, at equal distances.
    curve : {"ROC", "PR", "PRGAIN"}, default="ROC"
        True over false positives, precision over recall, or the gain of precision over that of
        recall against a classifier that finds all positive (Flach and Kull, 2015,
        "Precision-recall-gain curves: PR analysis done right").
    summation_method : {"interpolation", "minoring", "majoring"}, default="interpolation"
        Height of the curve between thresholds: the mean of both ends (for the precision-recall
        curve the formula of Davis and Goadrich, 2006, "The relationship between precision-recall
        and ROC curves"), the lower or the higher one.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.
    thresholds : sequence of float in [0, 1], default=None
        In place of `num_thresholds`; 0 and 1 are added.
    multi_label : bool, default=False
        Whether each column has an area of its own, and their mean is the result.
    num_labels : int, default=None
        How many columns, where that is to be known before the first batch.
    label_weights : sequence of float, default=None
        Weights of the columns.
    from_logits : bool, default=False
        Whether predictions are what a sigmoid has yet to be applied to.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = str(curve).upper()
        if self.curve not in CURVES:
            raise ValueError(f"curve must be one of {CURVES}. Received: curve={curve!r}")
        self.summation_method = str(summation_method).lower()
        if self.summation_method not in SUMMATIONS:
            raise ValueError(
                f"summation_method must be one of {SUMMATIONS}. Received: "
                f"summation_method={summation_method!r}"
            )
        self._given_thresholds = thresholds is not None
        if thresholds is not None:
            inner = sorted(check_thresholds(thresholds)) if len(thresholds) else []
        else:
            if num_thresholds < 2:
                raise ValueError(
                    f"num_thresholds must be above 1. Received: num_thresholds={num_thresholds}"
                )
            check_metric((num_thresholds,), "num_thresholds")
            inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
        # The outermost thresholds are such that everything is above or below them.
        epsilon = _state.epsilon()
        self.thresholds = [-epsilon, *inner, 1.0 + epsilon]
        self.num_thresholds = len(self.thresholds)
        if num_labels and not multi_label:
            raise ValueError(
                f"num_labels needs multi_label=True. Received: num_labels={num_labels}"
            )
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, float)
        self.from_logits = from_logits
        self._built = False
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    def _build(self, labels: tuple[int, ...]) -> None:
        shape = (self.num_thresholds, *labels)
        for name in Confusion._fields:
            setattr(self, name, self.add_weight(shape, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true : array-like of 0 and 1, shape (batch, ...)
        y_pred : array-like, shape (batch, ...)
            Probabilities; (batch, labels) with several labels.
        sample_weight : array-like, shape (batch,) or that of `y_pred`, default=None

        Raises
        ------
        ValueError
            If shapes do not go together.
        """
        y_pred = _namespace.to_float_array(y_pred, self._dtype)
        if self.from_logits:
            y_pred = sigmoid(np, y_pred)
        y_true, y_pred, weights = prepare(y_true, y_pred, sample_weight)
        if self.multi_label:
            if y_pred.ndim != 2:
                raise ValueError(
                    "multi_label needs predictions of shape (batch, labels). Received: "
                    f"y_pred.shape={y_pred.shape}"
                )
            if not self._built:
                self._build((y_pred.shape[1],))
            columns = [
                count(y_true[:, i], y_pred[:, i], weights[:, i], self.thresholds)
                for i in range(y_pred.shape[1])
            ]
            counts = Confusion(*(np.stack(column, axis=1) for column in zip(*columns, strict=True)))
        else:
            if self.label_weights is not None:
                weights = weights * broadcast_weights(self.label_weights[None], y_pred.shape)
            counts = count(y_true, y_pred, weights, self.thresholds)
        for name, value in zip(Confusion._fields, counts, strict=True):
            getattr(self, name).assign_add(value)

    def result(self) -> Any:
        """Return the area, a `Number`."""
        if not self._built:
            return number_or_array(0.0)
        counts = Confusion(*(getattr(self, name).numpy() for name in Confusion._fields))
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated_precision_recall(counts)
        else:
            areas = self._riemann_sum(counts)
        if self.multi_label:
            areas = np.average(areas, weights=self.label_weights)
        return number_or_array(areas)

    def _riemann_sum(self, counts: Confusion) -> Any:
        tp, fp, tn, fn = counts
        recall = divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            x, y = divide_no_nan(fp, fp + tn), recall
        elif self.curve == "PR":
            x, y = recall, divide_no_nan(tp, tp + fp)
        else:
            # Gains below 0 count as 0; with no true positives recall gains nothing, precision all.
            odds = divide_no_nan(tp + fn, tn + fp)
            x = np.where(tp == 0, 0.0, np.maximum(1.0 - odds * divide_no_nan(fn, tp), 0.0))
            y = 1.0 - odds * divide_no_nan(fp, tp)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        elif self.summation_method == "minoring":
            heights = np.minimum(y[:-1], y[1:])
        else:
            heights = np.maximum(y[:-1], y[1:])
        return ((x[:-1] - x[1:]) * heights).sum(0)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same metric again, without its state."""
        weights = self.label_weights
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if weights is None else weights.tolist(),
            "from_logits": self.from_logits,
        }
        if self._given_thresholds:
            config["thresholds"] = self.thresholds[1:-1]
        return config


def _interpolated_precision_recall(counts: Confusion) -> Any:
    """Area with true positives interpolated between thresholds, not precision (Davis, Goadrich)."""
    tp, fp, _, fn = counts
    positives = tp + fp
    gained = tp[:-1] - tp[1:]
    slope = divide_no_nan(gained, np.maximum(positives[:-1] - positives[1:], 0.0))
    intercept = tp[1:] - slope * positives[1:]
    both = (positives[:-1] > 0) & (positives[1:] > 0)
    ratio = np.where(both, divide_no_nan(positives[:-1], positives[1:]), 1.0)
    part = slope * (gained + intercept * np.log(ratio))
    return divide_no_nan(part, tp[1:] + fn[1:]).sum(0)
