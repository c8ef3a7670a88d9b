"""The part of the training data that early stopping keeps for validation.

The split is scikit-learn's own, so the same random state holds out the same rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit, train_test_split


def split_rows(
    n_rows: int, fraction: float, random_state: Any, stratify: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the row numbers for training and for validation, as `train_test_split` orders them.

    Parameters
    ----------
    n_rows : int
    fraction : float
        The share of the rows that is held out.
    random_state : RandomState
        Where the split's randomness is drawn from.
    stratify : ndarray of bool, shape (n_rows,), or None
        Two classes whose shares both parts should keep.

    Raises
    ------
    ValueError
        If less than two rows would be held out, or a class has a single member.
    """
    if stratify is not None:
        stratify = stratify.astype(str)
    train, held_out = train_test_split(
        np.arange(n_rows), random_state=random_state, test_size=fraction, stratify=stratify
    )
    if len(held_out) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            f"dataset. Received: validation_fraction={fraction} of {n_rows} samples"
        )
    return train, held_out


def held_out_rows(
    y: np.ndarray, fraction: float, random_state: Any, row_weight: np.ndarray, classes: bool
) -> np.ndarray:
    """Return bool (n_rows,), true for the rows that scikit-learn's linear models hold out.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Targets; with `classes` both parts keep their shares.
    fraction : float
        The share of the rows that is held out.
    random_state : int, RandomState or None
    row_weight : ndarray of shape (n_rows,)
        Weights of the rows; those of the held-out ones must not all be 0.
    classes : bool
        Whether `y` holds classes.

    Raises
    ------
    ValueError
        If a part would be empty or of no weight.
    """
    splitter = StratifiedShuffleSplit if classes else ShuffleSplit
    split = splitter(test_size=fraction, random_state=random_state)
    train, held_out = next(split.split(np.zeros((len(y), 1)), y))
    if not row_weight[held_out].any():
        raise ValueError(
            "The sample weights for validation set are all zero, consider using a different "
            "random state."
        )
    if len(train) == 0 or len(held_out) == 0:
        raise ValueError(
            f"Splitting {len(y)} samples into a train set and a validation set with "
            f"validation_fraction={fraction!r} led to an empty set ({len(train)} and "
            f"{len(held_out)} samples). Please either change validation_fraction, increase number "
            "of samples, or disable early_stopping."
        )
    mask = np.zeros(len(y), bool)
    mask[held_out] = True
    return mask
