"""Counting true and false positives and negatives at many thresholds in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pynn import _namespace
from pynn._number_checks import is_number
from pynn._pair import match_ranks

# Scores outside the top k; also the threshold that everything inside is above.
OUTSIDE = -1e10


class Confusion(NamedTuple):
    """Weighted counts, one for each threshold."""

    true_positives: np.ndarray
    false_positives: np.ndarray
    true_negatives: np.ndarray
    false_negatives: np.ndarray


def check_thresholds(thresholds: Any, default: float = 0.5) -> list[float]:
    """Return thresholds as a list.

    Raises
    ------
    ValueError
        If one is outside [0, 1].
    """
    if thresholds is None:
        return [default]
    values = np.atleast_1d(thresholds).tolist()
    wrong = [value for value in values if not is_number(value) or not 0 <= value <= 1]
    if wrong:
        raise ValueError(f"thresholds must be in [0, 1]. Received: {wrong}")
    return [float(value) for value in values]


def broadcast_weights(sample_weight: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return float64 weights of the given shape; axes missing at the end are added."""
    if sample_weight is None:
        return np.ones(shape)
    weights = _namespace.to_array(sample_weight).astype(np.float64)
    if weights.ndim == len(shape) + 1 and weights.shape[-1] == 1:
        weights = weights.squeeze(-1)
    return np.broadcast_to(
        weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim)), shape
    )


def _keep_top_k(y_pred: np.ndarray, k: int) -> np.ndarray:
    order = np.argsort(-y_pred, axis=-1, kind="stable")
    inside = np.zeros(y_pred.shape, bool)
    np.put_along_axis(inside, order[..., :k], True, axis=-1)
    return np.where(inside, y_pred, y_pred.dtype.type(OUTSIDE))


def prepare(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return targets (bool), predictions and weights of one shape.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (batch, ...)
    sample_weight : array-like, default=None
    top_k : int, default=None
        If given, all but the k highest predictions of a row become `OUTSIDE`.
    class_id : int, default=None
        If given, the only column that counts.

    Raises
    ------
    ValueError
        If shapes do not go together, or `class_id` is given for predictions of one axis.
    """
    y_pred = _namespace.to_float_array(y_pred)
    y_true, y_pred = match_ranks(_namespace.to_array(y_true), y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            "targets and predictions must have one shape. Received: "
            f"y_true.shape={y_true.shape}, y_pred.shape={y_pred.shape}"
        )
    weights = broadcast_weights(sample_weight, y_pred.shape)
    if top_k is not None:
        y_pred = _keep_top_k(y_pred, top_k)
    if class_id is not None:
        if y_pred.ndim < 2:
            raise ValueError(
                "class_id needs predictions of shape (batch, classes). Received: "
                f"y_pred.shape={y_pred.shape}"
            )
        y_true, y_pred, weights = (a[..., class_id] for a in (y_true, y_pred, weights))
    return y_true.astype(bool), y_pred, weights


def count(
    y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray, thresholds: Sequence[float]
) -> Confusion:
    """Count what lies above each threshold, and what does not.

    Parameters
    ----------
    y_true : ndarray of bool
    y_pred, weights : ndarray of the same shape
    thresholds : sequence of float
        In any order; compared in the type of `y_pred`.

    Returns
    -------
    Confusion
        Arrays of the shape of `thresholds`.
    """
    y_true, y_pred, weights = y_true.reshape(-1), y_pred.reshape(-1), weights.reshape(-1)
    limits = np.asarray(thresholds).astype(y_pred.dtype)
    order = np.argsort(limits, kind="stable")
    # passed[i]: how many of the sorted thresholds prediction i is above.
    passed = np.searchsorted(limits[order], y_pred, side="left")

    def above(w: np.ndarray) -> np.ndarray:
        per_count = np.bincount(passed, w, minlength=len(limits) + 1)
        result = np.empty(len(limits))
        result[order] = per_count[::-1].cumsum()[::-1][1:]
        return result

    positive, negative = weights * y_true, weights * ~y_true
    true_positives, false_positives = above(positive), above(negative)
    return Confusion(
        true_positives,
        false_positives,
        negative.sum() - false_positives,
        positive.sum() - true_positives,
    )
