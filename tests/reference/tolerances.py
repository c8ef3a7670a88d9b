"""How far a kernel may be from the float64 reference, and the sizes at which it must not be."""

from __future__ import annotations

import numpy as np

# 0, 1, and around one and two groups of 16 (the padding of rows) and a block of 32 lanes.
AWKWARD_SIZES = (0, 1, 15, 16, 17, 31, 32, 33, 100)
DTYPES = ("float32", "float64")

# In units of the type's rounding error, relative to the value. The vector functions err by up to
# 2-3 units (tests/cpp), a formula chains a few of them, and terms that cancel leave their error.
FORMULA_UNITS = 32


def unit(dtype: str) -> float:
    """The rounding error of `dtype` at 1."""
    return float(np.finfo(dtype).eps)


def assert_close(
    got: np.ndarray, want: np.ndarray, *, units: float, magnitude: np.ndarray | float = 1.0
) -> None:
    """Fail unless |got - want| <= units * eps * max(|want|, magnitude), eps that of got's dtype.

    `magnitude` is the size of the terms that make up a value: what cancels leaves their error.
    """
    want = np.asarray(want, np.float64)
    assert got.shape == want.shape
    allowed = units * unit(got.dtype) * np.maximum(np.abs(want), magnitude)
    assert allowed.shape == want.shape
    difference = np.abs(got.astype(np.float64) - want)
    wrong = ~((difference <= allowed) | ((got == want) | (np.isnan(got) & np.isnan(want))))
    if wrong.any():
        i = np.unravel_index(np.argmax(np.where(wrong, difference / allowed, 0)), want.shape)
        raise AssertionError(
            f"{wrong.sum()} of {wrong.size} values differ; at {tuple(map(int, i))} got {got[i]!r}, "
            f"want {want[i]!r}, off by {difference[i]} where {allowed[i]} is allowed"
        )
