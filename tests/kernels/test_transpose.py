"""Rows to lanes and back, with the padding."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core_testing
from reference.tolerances import AWKWARD_SIZES


@pytest.mark.parametrize("rows", AWKWARD_SIZES)
@pytest.mark.parametrize("features", AWKWARD_SIZES[1:])
def test_there_and_back(isa: str, rows: int, features: int, dtype: str) -> None:
    x = np.arange(1, rows * features + 1, dtype=dtype).reshape(rows, features)
    got = _core_testing.transpose_twice(x)
    assert got.shape == (rows, -(-features // 16) * 16)
    np.testing.assert_array_equal(got[:, :features], x)
    # Kernels read whole groups of 16 along a row: what is not data must be zero.
    assert (got[:, features:] == 0).all()
