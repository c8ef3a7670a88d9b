"""Every kernel test runs on every instruction set of this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pynn import _core


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Switch the kernels to one instruction set during a test."""
    before = _core.isa()
    _core._set_isa(request.param)
    yield request.param
    _core._set_isa(before)


@pytest.fixture(params=("float32", "float64"))
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param
