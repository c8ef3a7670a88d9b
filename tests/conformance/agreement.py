"""How pynn and Keras are compared: the named tolerances, and the numbers that are drawn."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

# Two float32 implementations of one formula: a few roundings, in different orders.
FORMULA = {"rtol": 2e-5, "atol": 2e-6}
# Derivatives, where terms of order one cancel, and sums over a batch.
GRADIENT = {"rtol": 5e-5, "atol": 5e-6}
# Several steps of training, in which roundings are fed back.
TRAINING = {"rtol": 2e-4, "atol": 2e-5}
# What one rounding from the same numbers leads to.
EXACT = {"rtol": 1e-6, "atol": 1e-7}


def generator(*key: Any) -> np.random.Generator:
    """Return the random numbers of a case: the same in every run, others for each case."""
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def array_of(value: Any) -> np.ndarray:
    """Return what either library computed as an array."""
    if type(value).__module__.startswith("keras"):
        value = value.value  # a variable
    elif hasattr(value, "numpy"):
        value = value.numpy()
    return np.asarray(value)


def assert_agree(ours: Any, theirs: Any, tolerance: dict[str, float], about: str = "") -> None:
    """Fail unless both have one shape and, within the tolerance, the same numbers."""
    ours, theirs = array_of(ours), array_of(theirs)
    assert ours.shape == theirs.shape, f"{about}: shapes {ours.shape} and {theirs.shape}"
    np.testing.assert_allclose(
        ours.astype("float64"), theirs.astype("float64"), **tolerance, err_msg=about
    )
