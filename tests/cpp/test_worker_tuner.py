"""How fast the engine finds the number of workers that suits the moment, on a clock of the test's.

worker_tuner_check.cpp plays a training of short and of long chunks on machines that are quiet,
busy, or change; it prints how many times as long as with the best number of workers each takes.
"""

from __future__ import annotations

import subprocess

import pytest

from cpp.programs import built

# Trying the others may cost 2%, beside the first three measurements of each number. Of the half
# second after a change of the machine, a tenth of a second may be lost.
STEADY, CHANGING = 1.05, 1.25
LIMITS = {
    "quiet": STEADY,
    "shared_core": STEADY,
    "one_neighbour": STEADY,
    "many_neighbours": STEADY,
    "becomes_busy": CHANGING,
    "becomes_quiet": CHANGING,
    "fewer_neighbours": CHANGING,
}


@pytest.fixture(scope="module")
def ratios(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, float, float]]:
    program = built(tmp_path_factory.mktemp("tuner"), "worker_tuner_check")
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in output.splitlines()]
    return [(name, float(chunk), float(ratio)) for name, chunk, ratio in rows]


@pytest.mark.parametrize("name", LIMITS)
def test_the_best_number_of_workers_is_found(
    ratios: list[tuple[str, float, float]], name: str
) -> None:
    found = {chunk: ratio for kind, chunk, ratio in ratios if kind == name}
    assert len(found) == 4
    assert all(0.99 <= ratio <= LIMITS[name] for ratio in found.values()), found
