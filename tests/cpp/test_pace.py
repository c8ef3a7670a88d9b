"""How fast the engine finds the number of workers that suits the moment, on a clock of the test's.

pace_check.cpp plays a training of short and of long chunks beside a neighbour who is busy, beside
one who leaves, and alone; it prints how many times as long as with the best number of workers each
takes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cpp.test_simd import ROOT, compiler

# A trial every 32 ms may wait 4 ms for a worker that is not running: an eighth, and the first
# three of each number.
LIMITS = {"neighbour": 1.2, "alone": 1.2, "freed": 1.2}


@pytest.fixture(scope="module")
def ratios(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, float, float]]:
    program = tmp_path_factory.mktemp("pace") / "pace_check"
    source = Path(__file__).with_name("pace_check.cpp")
    subprocess.run(
        [*compiler(), "-std=c++20", "-O2", "-I", str(ROOT / "csrc"), str(source), "-o", program],
        check=True,
    )
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in output.splitlines()]
    return [(name, float(chunk), float(ratio)) for name, chunk, ratio in rows]


@pytest.mark.parametrize("name", LIMITS)
def test_the_best_number_of_workers_is_found(
    ratios: list[tuple[str, float, float]], name: str
) -> None:
    found = {chunk: ratio for kind, chunk, ratio in ratios if kind == name}
    assert len(found) == 4
    assert all(1.0 <= ratio <= LIMITS[name] for ratio in found.values()), found
