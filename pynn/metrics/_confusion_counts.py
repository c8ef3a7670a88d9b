"""True and false positives and negatives as metrics."""

from __future__ import annotations

from typing import Any

from pynn.metrics._confusion import check_thresholds, count, prepare
from pynn.metrics._metric import Metric, as_result


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
        return as_result(self.accumulator.numpy() if several else self.accumulator[0])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same metric again, without its state."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


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
