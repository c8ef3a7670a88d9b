"""Every kernel test runs on every instruction set of this machine."""

from __future__ import annotations

import pytest

from pynn import _core


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest, same_engine: None) -> str:
    """Switch the kernels to one instruction set during a test."""
    _core._set_isa(request.param)
    return request.param


@pytest.fixture(params=("float32", "float64"))
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param
