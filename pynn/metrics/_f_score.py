"""F-scores: weighted harmonic means of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _namespace, _state
from pynn._number_checks import is_number
from pynn.metrics._metric import Metric, number_or_array, registry

__all__ = ["F1Score", "FBetaScore"]

AVERAGES = (None, "micro", "macro", "weighted")


@registry.add("fbeta_score")
class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default=None
        None gives one score per class, ``"micro"`` counts all classes together, ``"macro"`` is the
        mean of the scores, ``"weighted"`` that mean weighted by how often a class is true.
    beta : float, default=1.0
        How many times recall counts as much as precision.
    threshold : float in (0, 1], default=None
        Predictions above count as positive; None chooses the highest of each row.
    name : str, default="fbeta_score"
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from pynn import metrics
    >>> y_true, y_pred = [[1, 1], [1, 0], [0, 1]], [[0.6, 0.7], [0.3, 0.2], [0.1, 0.9]]
    >>> metrics.FBetaScore(beta=2.0, threshold=0.5)(y_true, y_pred).round(4)
    array([0.5556, 1.    ])
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in AVERAGES:
            raise ValueError(f"average must be one of {AVERAGES}. Received: average={average!r}")
        if not is_number(beta) or not beta > 0:
            raise ValueError(f"beta must be positive. Received: beta={beta!r}")
        if threshold is not None and not (is_number(threshold) and 0 < threshold <= 1):
            raise ValueError(
                f"threshold must be in (0, 1] or None. Received: threshold={threshold!r}"
            )
        self.average = average
        self.beta = float(beta)
        self.threshold = threshold
        self._built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self.add_weight(shape, name="true_positives")
        self.false_positives = self.add_weight(shape, name="false_positives")
        self.false_negatives = self.add_weight(shape, name="false_negatives")
        self.intermediate_weights = self.add_weight(shape, name="intermediate_weights")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true : array-like of 0 and 1, shape (batch, classes)
        y_pred : array-like, shape (batch, classes)
        sample_weight : array-like, shape (batch,), default=None

        Raises
        ------
        ValueError
            If the arrays have not one shape of two axes.
        """
        y_pred = _namespace.to_float_array(y_pred, self._dtype)
        y_true = _namespace.to_array(y_true).astype(np.float64)
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise ValueError(
                f"{type(self).__name__} needs targets and predictions of one shape (batch, "
                f"classes). Received: y_true.shape={y_true.shape}, y_pred.shape={y_pred.shape}"
            )
        if not self._built:
            self._build(y_pred.shape[1])
        if self.threshold is None:
            highest = y_pred == y_pred.max(axis=-1, keepdims=True)
            chosen = highest & (np.abs(y_pred) > 1e-9)  # Keras's rule: rows of zeros choose none
        else:
            chosen = y_pred > self.threshold
        weights: Any = 1.0
        if sample_weight is not None:
            weights = _namespace.to_array(sample_weight).astype(np.float64).reshape(-1, 1)
        axis = None if self.average == "micro" else 0
        self.true_positives.assign_add((weights * chosen * y_true).sum(axis))
        self.false_positives.assign_add((weights * chosen * (1.0 - y_true)).sum(axis))
        self.false_negatives.assign_add((weights * ~chosen * y_true).sum(axis))
        self.intermediate_weights.assign_add((weights * y_true).sum(axis))

    def result(self) -> Any:
        """Return the score: a `Number`, or one entry per class with no average."""
        if not self._built:
            return number_or_array(0.0)
        epsilon = _state.epsilon()
        tp = self.true_positives.numpy()
        precision = tp / (tp + self.false_positives.numpy() + epsilon)
        recall = tp / (tp + self.false_negatives.numpy() + epsilon)
        square = self.beta**2
        scores = (1.0 + square) * precision * recall / (square * precision + recall + epsilon)
        if self.average == "weighted":
            weights = self.intermediate_weights.numpy()
            scores = np.sum(scores * weights) / (np.sum(weights) + epsilon)
        elif self.average is not None:
            scores = np.mean(scores)
        return number_or_array(scores)


@registry.add()
class F1Score(FBetaScore):
    """The harmonic mean of precision and recall.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default=None
        See `FBetaScore`.
    threshold : float in (0, 1], default=None
        Predictions above count as positive; None chooses the highest of each row.
    name : str, default="f1_score"
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from pynn import metrics
    >>> y_true, y_pred = [[1, 1], [1, 0], [0, 1]], [[0.6, 0.7], [0.3, 0.2], [0.1, 0.9]]
    >>> round(metrics.F1Score("macro", threshold=0.5)(y_true, y_pred), 4)
    0.8333
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
