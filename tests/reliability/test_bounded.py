"""A few seconds of each kind that `long.py` runs for as long as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from reliability.kinds import KINDS

COUNTS = {
    "interrupts": 24,
    "kills": 10,
    "leaks": 100,
    "mutations": 500,
    "processes": 10,
    "threads": 2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_promises_hold(kind: str, tmp_path: Path) -> None:
    KINDS[kind].run(COUNTS[kind], 0, tmp_path)
