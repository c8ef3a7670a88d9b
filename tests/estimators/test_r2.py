"""The coefficient of determination against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score

from pynn.estimators._r2 import r2

RNG = np.random.default_rng(0)
ONE = RNG.standard_normal(30)
THREE = RNG.standard_normal((30, 3))
FLAT = np.full(30, 2.0)


@pytest.mark.parametrize(
    ("targets", "outputs"),
    [
        (ONE, ONE + 0.1),
        (ONE, ONE),
        (THREE, 0.5 * THREE),
        (THREE.astype(np.float32), THREE.astype(np.float32) + 1),
        (FLAT, FLAT),
        (FLAT, ONE),
        (np.stack([FLAT, ONE], axis=1), np.stack([FLAT, -ONE], axis=1)),
    ],
)
@pytest.mark.parametrize("weight", [None, RNG.uniform(0, 2, 30)])
def test_is_that_of_scikit_learn(targets: np.ndarray, outputs: np.ndarray, weight: object) -> None:
    expected = r2_score(targets, outputs, sample_weight=weight)
    # scikit-learn adds float32 up in float32, pynn in float64.
    rounding = 1e-5 if targets.dtype == np.float32 else 1e-9
    assert r2(targets, outputs, weight) == pytest.approx(expected, rel=rounding, abs=rounding)
