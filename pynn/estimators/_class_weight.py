"""Factors for the rows of a training from the weights of their classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import compute_class_weight


def class_factors(
    class_weight: Any, columns: list[np.ndarray], codes: np.ndarray, row_weight: np.ndarray | None
) -> np.ndarray:
    """Return the product, over the columns of y, of the weights of a row's classes.

    Parameters
    ----------
    class_weight : dict, list of dict or "balanced"
        "balanced": the total weight, divided by that of the class and the number of classes. A
        list has a dict, "balanced" or None for each column. Classes that are in no dict weigh 1.
    columns : list of ndarray
        The classes of each column.
    codes : ndarray of shape (n,) or (n, n_columns)
        The place of each label among its classes.
    row_weight : ndarray of shape (n,) or None
        Sample weights, for "balanced".

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    ValueError
        If a dict has a key that is no class, or the number of columns is another.
    """
    codes = codes.reshape(len(codes), -1)
    given = class_weight if isinstance(class_weight, list) else [class_weight] * len(columns)
    if len(given) != len(columns) or (isinstance(class_weight, dict) and len(columns) > 1):
        raise ValueError(
            "For multi-output, the number of elements in class_weight should match number of "
            f"outputs. Got {class_weight!r:.80} for {len(columns)} outputs."
        )
    factors = np.ones(len(codes))
    for each, classes, column in zip(given, columns, codes.T, strict=True):
        if each is not None:
            factors *= _weights_of(each, classes, column, row_weight)[column.astype(np.int64)]
    return factors


def _weights_of(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray, row_weight: np.ndarray | None
) -> np.ndarray:
    if not isinstance(class_weight, str):
        weights: np.ndarray = compute_class_weight(class_weight, classes=classes, y=classes)
        return weights
    totals = np.bincount(codes.astype(np.int64), row_weight, minlength=len(classes))
    present = totals > 0
    return np.where(present, totals.sum() / (present.sum() * np.where(present, totals, 1)), 1.0)
