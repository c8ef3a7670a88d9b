"""Counts of true and false positives and negatives, and precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn.metrics._confusion import OUTSIDE, check_thresholds, count, prepare
from pynn.metrics._metric import Metric, divide_no_nan, number_or_array, registry

__all__ = [
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
]


class _ConfusionCount(Metric):
    """One of the four counts."""

    _counted: str

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = check_thresholds(thresholds)
        self.accumulator = self.add_weight((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true : array-like of 0 and 1, shape (batch, ...)
        y_pred : array-like, shape (batch, ...)
            Probabilities.
        sample_weight : array-like, shape (batch,) or that of `y_pred`, default=None
        """
        counts = count(*prepare(y_true, y_pred, sample_weight), self.thresholds)
        self.accumulator.assign_add(getattr(counts, self._counted))

    def result(self) -> Any:
        """Return the count: a `Number`, or one entry per threshold."""
        several = len(self.thresholds) > 1
        return number_or_array(self.accumulator.numpy() if several else self.accumulator[0])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same metric again, without its state."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


@registry.add()
class TruePositives(_ConfusionCount):
    """How many positive targets are predicted to be positive.

    Parameters
    ----------
    thresholds : float or sequence of float in [0, 1], default=None
        Predictions above count as positive; None stands for 0.5.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If a threshold is outside [0, 1].

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.TruePositives()([0, 1, 1, 1], [1, 0, 1, 1])
    2.0
    """

    _counted = "true_positives"


@registry.add()
class FalsePositives(_ConfusionCount):
    """How many negative targets are predicted to be positive.

    Parameters
    ----------
    thresholds : float or sequence of float in [0, 1], default=None
        Predictions above count as positive; None stands for 0.5.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If a threshold is outside [0, 1].

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1])
    2.0
    """

    _counted = "false_positives"


@registry.add()
class TrueNegatives(_ConfusionCount):
    """How many negative targets are predicted to be negative.

    Parameters
    ----------
    thresholds : float or sequence of float in [0, 1], default=None
        Predictions above count as positive; None stands for 0.5.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If a threshold is outside [0, 1].

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0])
    2.0
    """

    _counted = "true_negatives"


@registry.add()
class FalseNegatives(_ConfusionCount):
    """How many positive targets are predicted to be negative.

    Parameters
    ----------
    thresholds : float or sequence of float in [0, 1], default=None
        Predictions above count as positive; None stands for 0.5.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If a threshold is outside [0, 1].

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0])
    2.0
    """

    _counted = "false_negatives"


class _PositiveShare(Metric):
    """True positives as a share of them and of what `_missed` names."""

    _direction = "up"
    _missed: str

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = check_thresholds(thresholds, 0.5 if top_k is None else OUTSIDE)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_weight(shape, name="true_positives")
        setattr(self, self._missed, self.add_weight(shape, name=self._missed))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true : array-like of 0 and 1, shape (batch, ...)
        y_pred : array-like, shape (batch, ...)
            Probabilities.
        sample_weight : array-like, shape (batch,) or that of `y_pred`, default=None
        """
        samples = prepare(y_true, y_pred, sample_weight, self.top_k, self.class_id)
        counts = count(*samples, self.thresholds)
        self.true_positives.assign_add(counts.true_positives)
        getattr(self, self._missed).assign_add(getattr(counts, self._missed))

    def result(self) -> Any:
        """Return the share: a `Number`, or one entry per threshold; 0 where nothing counts."""
        total = np.add(self.true_positives, getattr(self, self._missed))
        share = divide_no_nan(self.true_positives, total)
        return number_or_array(share if len(self.thresholds) > 1 else share[0])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same metric again, without its state."""
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


@registry.add()
class Precision(_PositiveShare):
    """How many of the positive predictions are right.

    Parameters
    ----------
    thresholds : float or sequence of float in [0, 1], default=None
        Predictions above count as positive; None stands for 0.5, or with `top_k` for no threshold.
    top_k : int, default=None
        If given, only the k highest predictions of a row can be positive.
    class_id : int, default=None
        If given, the only column that counts.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If a threshold is outside [0, 1].

    Examples
    --------
    >>> from pynn import metrics
    >>> round(metrics.Precision()([0, 1, 1, 1], [1, 0, 1, 1]), 4)
    0.6667
    """

    _missed = "false_positives"


@registry.add()
class Recall(_PositiveShare):
    """How many of the positive targets are found.

    Parameters
    ----------
    thresholds : float or sequence of float in [0, 1], default=None
        Predictions above count as positive; None stands for 0.5, or with `top_k` for no threshold.
    top_k : int, default=None
        If given, only the k highest predictions of a row can be positive.
    class_id : int, default=None
        If given, the only column that counts.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If a threshold is outside [0, 1].

    Examples
    --------
    >>> from pynn import metrics
    >>> round(metrics.Recall()([0, 1, 1, 1], [1, 0, 1, 1]), 4)
    0.6667
    """

    _missed = "false_negatives"
