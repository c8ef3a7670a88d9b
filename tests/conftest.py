"""Fixtures for tests of several packages."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import pytest

from pynn import _core, utils

# As in <function f at 0x7f2e61d62f20>: another number in every process.
MEMORY_ADDRESS = re.compile(r"at ?0x[0-9a-f]{6,}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse test ids that differ between processes: `pytest -n 2` runs tests by their ids."""
    for item in items:
        if MEMORY_ADDRESS.search(item.nodeid):
            raise pytest.UsageError(f"a test id is a name, not a memory address: {item.nodeid}")


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Begin every test with the same seed: one that trains a network names none of its own."""
    utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def same_engine() -> Iterator[None]:
    """Leave the threads and the instruction set, which are the process's, as they were."""
    threads, isa = _core.num_threads(), _core.isa()
    yield
    _core.set_num_threads(threads)
    _core._set_isa(isa)


@pytest.fixture
def ctrl_c_raises() -> Iterator[None]:
    """Python's own handler, also where a shell has started the tests with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
