"""Normal random numbers: those of the reference, on every ISA, and normal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from pynn import _core_testing
from reference.random import normal, normal_quantile
from reference.tolerances import assert_close


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.0, 0.5), (-3.0, 0.0)])
def test_normal_noise(isa: str, mean: float, deviation: float, dtype: str) -> None:
    like = np.zeros(20000, dtype)
    noise = _core_testing.normal_noise(like, mean, deviation, 1234, 50)
    want = mean + deviation * normal(1234, np.arange(50, 50 + len(noise)))
    # The roundings of two polynomials, in one of which w loses half a digit to its logarithm.
    assert_close(noise, want, units=8, magnitude=8)
    later = _core_testing.normal_noise(like, mean, deviation, 1234, 82)
    np.testing.assert_array_equal(later[:-32], noise[32:])
    if deviation > 0:
        assert (_core_testing.normal_noise(like, mean, deviation, 1235, 50) != noise).all()


def test_normal_noise_is_normal() -> None:
    z = _core_testing.normal_noise(np.zeros(1_000_000, "float64"), 0.0, 1.0, 7, 0)
    # Five standard deviations of the sample's moments.
    for power, moment, deviation in ((1, 0, 1), (2, 1, 2**0.5), (3, 0, 15**0.5), (4, 3, 96**0.5)):
        assert abs((z**power).mean() - moment) < 5 * deviation / 1000
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 5 / 1000
    counts, _ = np.histogram(ndtr(z), 100, (0, 1))
    assert (abs(counts - 10_000) < 5 * 10_000**0.5).all()
    u = np.concatenate([np.geomspace(2.0**-24, 0.5, 1000), 1 - np.geomspace(2.0**-24, 0.5, 1000)])
    np.testing.assert_allclose(normal_quantile(u), ndtri(u), rtol=5e-7, atol=1e-12)
