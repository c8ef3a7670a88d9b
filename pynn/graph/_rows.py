"""A user's data as the engine's `Rows`, without copying where the engine can read it as it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn import _core
from pynn._number_checks import check_unmasked
from pynn._sparse import is_sparse, to_csr

# What the engine reads directly; other numbers are converted first.
_READABLE = frozenset(
    np.dtype(name)
    for name in (
        "float16 float32 float64 uint8 int8 uint16 int16 uint32 int32 uint64 int64 bool".split()
    )
)


def to_numeric(value: Any, name: str = "x") -> np.ndarray:
    """Return `value` as an array of numbers in a type that the engine reads.

    Parameters
    ----------
    value : array-like or DataFrame
    name : str, default="x"
        What messages call it.

    Raises
    ------
    ValueError
        If it does not hold real numbers, or some of them are masked.
    """
    if type(value) is not np.ndarray:
        check_unmasked(value, name)
        if hasattr(value, "to_numpy"):
            value = value.to_numpy()
        elif not isinstance(value, np.ndarray) and hasattr(value, "numpy"):
            value = value.numpy()
    try:
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from error
    dtype = array.dtype
    if dtype in _READABLE and dtype.isnative:
        return array
    if dtype.kind in "fiub":
        wide = dtype.newbyteorder("=") if dtype.newbyteorder("=") in _READABLE else np.float64
        return array.astype(wide)
    if dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must hold numbers: {error}") from error
    raise ValueError(f"{name} must hold real numbers. Received: dtype={dtype}")


def flat_rows(array: np.ndarray) -> np.ndarray:
    """Return `array` with two axes, the entries of each row side by side in memory."""
    if array.ndim != 2:
        if array.ndim == 0:
            raise ValueError("an array must have rows. Received: a single number")
        array = array.reshape(len(array), math.prod(array.shape[1:]))
    if array.strides[1] != array.itemsize and array.shape[1] > 1:
        array = np.ascontiguousarray(array)
    return array


def to_rows(value: Any) -> _core.Rows:
    """Return `value` as `Rows`, which keep it alive.

    Parameters
    ----------
    value : array-like, DataFrame, sparse matrix or Rows
        An array of shape (n,) has rows of one number; further axes are flattened.

    Raises
    ------
    ValueError
        If it does not hold real numbers.
    """
    if type(value) is not np.ndarray:
        if isinstance(value, _core.Rows):
            return value
        if is_sparse(value):
            return _csr_rows(value)
    return _core.Rows(flat_rows(to_numeric(value)))


def _csr_rows(value: Any) -> _core.Rows:
    csr = to_csr(value, "x")
    if not csr.has_sorted_indices:
        csr = csr.sorted_indices()
    data = csr.data
    if data.dtype not in (np.float32, np.float64):
        data = data.astype(np.float32 if data.dtype.itemsize < 4 else np.float64)
    return _core.Rows.csr(data, csr.indices, csr.indptr, csr.shape[1])
