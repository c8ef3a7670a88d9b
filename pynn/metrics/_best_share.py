"""The best share of right answers at any threshold that keeps another share high enough."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._allocation import check_metric
from pynn.metrics._confusion import Confusion, count, prepare
from pynn.metrics._metric import Metric, divide_no_nan, number_or_array, registry

__all__ = [
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]

# What each share is a part of: those counted right, and those missed.
_SHARES = {
    "precision": ("true_positives", "false_positives"),
    "recall": ("true_positives", "false_negatives"),
    "sensitivity": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
}


class _BestShare(Metric):
    """The highest `_wanted` of the thresholds at which `_limited` is at least `least`."""

    _direction = "up"
    _wanted: str
    _limited: str

    def __init__(
        self,
        least: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if not 0 <= least <= 1:
            raise ValueError(
                f"Argument `{self._limited}` must be in the range [0, 1]. Received: "
                f"{self._limited}={least}"
            )
        if num_thresholds <= 0:
            raise ValueError(
                "Argument `num_thresholds` must be an integer > 0. Received: "
                f"num_thresholds={num_thresholds}"
            )
        check_metric((num_thresholds,), "num_thresholds")
        setattr(self, self._limited, least)
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        last = num_thresholds - 1
        self.thresholds = [i / last for i in range(num_thresholds)] if last else [0.5]
        for count_name in Confusion._fields:
            setattr(self, count_name, self.add_weight((num_thresholds,), name=count_name))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true : array-like of 0 and 1, shape (batch, ...)
        y_pred : array-like, shape (batch, ...)
            Probabilities.
        sample_weight : array-like, shape (batch,) or that of `y_pred`, default=None
        """
        samples = prepare(y_true, y_pred, sample_weight, class_id=self.class_id)
        counts = count(*samples, self.thresholds)
        for name, value in zip(Confusion._fields, counts, strict=True):
            getattr(self, name).assign_add(value)

    def _share(self, name: str) -> np.ndarray:
        right, missed = (getattr(self, count_name).value for count_name in _SHARES[name])
        return divide_no_nan(right, right + missed)

    def result(self) -> Any:
        """Return the share, a `Number`; 0 where no threshold is good enough."""
        enough = self._share(self._limited) >= getattr(self, self._limited)
        return number_or_array(np.max(self._share(self._wanted), initial=0.0, where=enough))


@registry.add(example={"specificity": 0.5})
class SensitivityAtSpecificity(_BestShare):
    """The best share of positive targets that are found, with enough negative ones left alone.

    Parameters
    ----------
    specificity : float in [0, 1]
        The least share of negative targets that must be predicted to be negative.
    num_thresholds : int, default=200
        How many thresholds are tried, at equal distances from 0 to 1; one is 0.5.
    class_id : int, default=None
        If given, the only column that counts.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    0.5
    """

    _wanted, _limited = "sensitivity", "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


@registry.add(example={"sensitivity": 0.5})
class SpecificityAtSensitivity(_BestShare):
    """The best share of negative targets that are left alone, with enough positive ones found.

    Parameters
    ----------
    sensitivity : float in [0, 1]
        The least share of positive targets that must be predicted to be positive.
    num_thresholds : int, default=200
        How many thresholds are tried, at equal distances from 0 to 1; one is 0.5.
    class_id : int, default=None
        If given, the only column that counts.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from pynn import metrics
    >>> metric = metrics.SpecificityAtSensitivity(0.5)
    >>> round(metric([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]), 4)
    0.6667
    """

    _wanted, _limited = "specificity", "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


@registry.add(example={"recall": 0.5})
class PrecisionAtRecall(_BestShare):
    """The best share of right ones among positive predictions, with enough positive targets found.

    Parameters
    ----------
    recall : float in [0, 1]
        The least share of positive targets that must be predicted to be positive.
    num_thresholds : int, default=200
        How many thresholds are tried, at equal distances from 0 to 1; one is 0.5.
    class_id : int, default=None
        If given, the only column that counts.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    0.5
    """

    _wanted, _limited = "precision", "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


@registry.add(example={"precision": 0.5})
class RecallAtPrecision(_BestShare):
    """The best share of positive targets that are found, with enough positive predictions right.

    Parameters
    ----------
    precision : float in [0, 1]
        The least share of positive predictions that must be right.
    num_thresholds : int, default=200
        How many thresholds are tried, at equal distances from 0 to 1; one is 0.5.
    class_id : int, default=None
        If given, the only column that counts.
    name : str, default=None
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    0.5
    """

    _wanted, _limited = "recall", "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
