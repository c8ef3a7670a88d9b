"""What the rows of a class weigh."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils import compute_class_weight


def check_not_balanced(class_weight: dict | list | str | None) -> None:
    """Refuse "balanced" where a part of y is seen at a time.

    Raises
    ------
    ValueError
        If the weight of any column is "balanced".
    """
    if "balanced" in np.atleast_1d(class_weight):  # type: ignore[arg-type]
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit, which sees a part of the "
            "classes' frequencies only. Compute the weights with compute_class_weight('balanced', "
            "classes=classes, y=y) from all of y, and give them as a dict"
        )


def class_factors(
    class_weight: dict | list | str,
    columns: Sequence[np.ndarray],
    codes: np.ndarray,
    row_weight: np.ndarray | None,
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
        If a dict has a key that is no class, or a weight that is negative or not finite, or the
        number of columns is another.
    """
    codes = codes.reshape(len(codes), -1).astype(np.int64)
    given = class_weight if isinstance(class_weight, list) else [class_weight] * len(columns)
    if len(given) != len(columns) or (isinstance(class_weight, dict) and len(columns) > 1):
        raise ValueError(
            "For multi-output, the number of elements in class_weight should match number of "
            f"outputs. Got {class_weight!r:.80} for {len(columns)} outputs."
        )
    factors = np.ones(len(codes))
    for each, classes, column in zip(given, columns, codes.T, strict=True):
        if isinstance(each, str):
            totals = np.bincount(column, row_weight, minlength=len(classes))
            present = totals > 0
            balanced = totals.sum() / (present.sum() * np.where(present, totals, 1))
            factors *= np.where(present, balanced, 1.0)[column]
        elif each is not None:
            factors *= compute_class_weight(each, classes=classes, y=classes)[column]
    if not (np.isfinite(factors) & (factors >= 0.0)).all():
        raise ValueError(
            "class_weight must hold finite numbers that are not negative. Received: "
            f"{class_weight!r:.80}"
        )
    return factors
