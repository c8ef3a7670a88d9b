"""X and y on their way into an estimator: checked as scikit-learn checks them, copied if need be.

What an estimator does with them is not here.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from pynn import _core
from pynn._number_checks import check_unmasked
from pynn._sparse import check_sparse, is_sparse

FLOAT_TYPES = (np.float64, np.float32)
_SMALL_FRAME = 10_000  # numbers
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def check_training_data(
    estimator: BaseEstimator, x: Any, y: Any, *, reset: bool, y_numeric: bool
) -> tuple[Any, np.ndarray]:
    """Return X as a float matrix (dense C order or CSR) and y as an array.

    Parameters
    ----------
    estimator : BaseEstimator
        Its ``n_features_in_`` and ``feature_names_in_`` are set or, without `reset`, checked.
    x : array-like or sparse matrix of shape (n, features)
    y : array-like of shape (n,) or (n, k)
        A single column of two dimensions is flattened with a DataConversionWarning.
    reset : bool
        Whether these data define the number and names of the features.
    y_numeric : bool
        Whether y must be numbers.

    Raises
    ------
    ValueError
        On NaN, infinity, no rows, wrong or inconsistent shapes, or data that are no numbers.
    """
    if _is_plain(estimator, x, y, reset):
        if reset:
            estimator.n_features_in_ = x.shape[1]
            vars(estimator).pop("feature_names_in_", None)
        return x, y
    _check_parts(x)
    check_unmasked(y, "y")
    try:
        x, y = validate_data(
            estimator,
            x,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=y_numeric,
            dtype=FLOAT_TYPES,
            order="C",
            reset=reset,
        )
    except ValueError as error:
        if any(sign in str(error) for sign in ("X contains NaN", "could not convert string")):
            error.add_note("pynn.TabularClassifier and TabularRegressor take texts and gaps in X.")
        raise
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return x, y


def _check_parts(x: Any) -> None:
    """Check what scikit-learn does not: the parts of a sparse matrix, and masks."""
    if is_sparse(x):
        check_sparse(x, "X")
    check_unmasked(x, "X")


def _is_plain(estimator: BaseEstimator, x: Any, y: Any, reset: bool) -> bool:
    """Whether scikit-learn's checks would find nothing in x and y, and return them as they are."""
    return (
        type(y) is np.ndarray
        and y.ndim == 1
        and (y.dtype.kind in "iub" or y.dtype is _FLOAT32 or y.dtype is _FLOAT64)
        and (
            type(x) is np.ndarray and x.ndim == 2 and _core.is_plain_matrix(x, x.shape[1])
            if reset
            else _is_plain_input(estimator, x)
        )
        and y.shape[0] == x.shape[0]
        and (y.dtype.kind != "f" or _core.all_finite(np.ascontiguousarray(y)))
    )


def _is_plain_input(estimator: BaseEstimator, x: Any) -> bool:
    """Whether scikit-learn's checks would return x, for a fitted estimator, as it is."""
    known = estimator.__dict__
    return "feature_names_in_" not in known and _core.is_plain_matrix(
        x, known.get("n_features_in_")
    )


def _frame_rows(estimator: BaseEstimator, x: Any) -> np.ndarray | None:
    """Return the rows of a DataFrame where scikit-learn's checks would find nothing, else None."""
    names, pandas = estimator.__dict__.get("feature_names_in_"), sys.modules.get("pandas")
    if names is None or pandas is None or type(x) is not pandas.DataFrame:
        return None
    # What is larger may be sparse, which this would make dense, and scikit-learn's checks take
    # little of its time.
    if len(x) * len(names) > _SMALL_FRAME:
        return None
    # `tolist` of pandas takes twice as long.
    if x.columns.to_numpy(object).tolist() != names.tolist():
        return None
    rows = x.values
    if _core.is_plain_matrix(rows, len(names)):
        return rows
    rows = np.ascontiguousarray(rows, np.float64 if rows.dtype.kind in "iu" else None)
    return rows if _core.is_plain_matrix(rows, len(names)) else None


def check_has_rows(y: Any) -> None:
    """Check that y has an axis, as scikit-learn's linear models do.

    Raises
    ------
    ValueError
        If y is a number, a string, a set or another thing without axes; None is left alone.
    """
    if y is None or isinstance(y, (list, tuple)):
        return
    if hasattr(y, "ndim"):
        n_axes = y.ndim
    else:
        n_axes = np.asarray(y).ndim  # np.ndim may ask y to count its axes by itself
    if n_axes == 0:
        column_or_1d(y)


def check_rows(estimator: BaseEstimator, x: Any) -> Any:
    """Return X as a float matrix (dense or CSR) that a fitted estimator can predict for.

    A C-contiguous float array of the right width takes a short way, without scikit-learn, and so
    does a small DataFrame of numbers whose columns are those of `fit`.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    ValueError
        On NaN, infinity, no rows, another number of features, or data that are no numbers.
    """
    if _is_plain_input(estimator, x):
        return x
    rows = _frame_rows(estimator, x)
    if rows is not None:
        return rows
    check_is_fitted(estimator)
    _check_parts(x)
    return validate_data(
        estimator, x, accept_sparse="csr", dtype=FLOAT_TYPES, order="C", reset=False
    )
