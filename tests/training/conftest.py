"""Threads and instruction set are the process's: a test of the engine leaves them as they were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pynn import _core


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    threads, isa = _core.num_threads(), _core.isa()
    yield
    _core.set_num_threads(threads)
    _core._set_isa(isa)
