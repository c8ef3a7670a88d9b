"""A few seconds of each kind that `long.py` runs for as long as one likes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reliability import differential
from reliability.kinds import KINDS

COUNTS = {
    "allocations": 8,
    "bad_requests": 200,
    "differential": 150,
    "interrupts": 24,
    "kills": 10,
    "leaks": 100,
    "mutations": 500,
    "processes": 10,
    "threads": 2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_promises_hold(kind: str, tmp_path: Path) -> None:
    for figures in KINDS[kind].run(COUNTS[kind], 0, tmp_path):
        assert figures


@pytest.mark.filterwarnings("ignore")  # of what makes little sense, as a softmax over one unit
@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_networks_that_hypothesis_thinks_of(rng: random.Random) -> None:
    """Numbers at the ends of their ranges, and the smallest network that shows a difference."""
    differential.check(rng)
