"""Count the lines of csrc/ that tests run: `python tests/reliability/native_coverage.py`.

Builds with GCC's coverage in build/coverage, runs tests/cpp/engine_check and tests in Python, and
names the lines that none of them runs. A line counts as run if it is on any instruction set and in
any instance of its template; of NEON no line is counted where it is not built. The module is used
from its folder: no installed pynn may be in the way, as that of `pip install -e` would be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sanitize

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "coverage"
# tests/kernels goes through all instruction sets by itself.
TESTS = [
    *(f"tests/{name}" for name in ("kernels", "graph", "ops", "models", "training", "layers")),
    *(f"tests/{name}" for name in ("losses", "metrics", "optimizers", "estimators")),
    "tests/cython_predict",
    "tests/reliability/test_numbers.py",
]
# Not pool_check, which ends without writing down what it ran.
PROGRAMS = [["engine_check", "bits", "small"], ["engine_check", "allocations", "20"]]


def build(jobs: int) -> None:
    """Build the preset, with the programs of tests/cpp."""
    python = f"-DPython_EXECUTABLE={sys.executable}"
    subprocess.run(["cmake", "--preset", "coverage", python], cwd=ROOT, check=True)
    command = ["cmake", "--build", str(FOLDER), "--parallel", str(jobs)]
    subprocess.run(command, cwd=ROOT, check=True)


def run(tests: list[str]) -> None:
    """Run programs and tests; what fails does so in the ordinary suite too, and stops nothing."""
    for program, *arguments in PROGRAMS:
        subprocess.run([str(FOLDER / "tests" / "cpp" / program), *arguments], check=False)
    environment = {**os.environ, "PYTHONPATH": str(sanitize.package(FOLDER)), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    subprocess.run(command, cwd=ROOT, env=environment, check=False)


def count(notes: Path) -> dict[str, dict[int, bool]]:
    """Return which lines an object has, by file, and whether they were run."""
    command = ["gcov", "--json-format", "--stdout", str(notes)]
    found = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout
    lines: dict[str, dict[int, bool]] = defaultdict(dict)
    for text in found.splitlines():
        for file in json.loads(text)["files"]:
            path = os.path.relpath(FOLDER / file["file"], ROOT)
            if path.startswith("csrc/"):
                for line in file["lines"]:
                    number = line["line_number"]
                    lines[path][number] = lines[path].get(number, False) or line["count"] > 0
    return lines


def as_ranges(numbers: Iterable[int]) -> str:
    """Return sorted numbers as in "3, 5-7"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{first}-{last}" if first < last else f"{first}" for first, last in ranges)


def report() -> None:
    """Print what was never run, by file, and the share that was."""
    lines: dict[str, dict[int, bool]] = defaultdict(dict)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for counted in pool.map(count, sorted(FOLDER.rglob("*.gcno"))):
            for path, of_file in counted.items():
                for number, was_run in of_file.items():
                    lines[path][number] = lines[path].get(number, False) or was_run
    for path, of_file in sorted(lines.items()):
        missing = [number for number, was_run in sorted(of_file.items()) if not was_run]
        if missing:
            print(f"{path}: {len(missing)} of {len(of_file)}: {as_ranges(missing)}")
    total = sum(len(of_file) for of_file in lines.values())
    reached = sum(sum(of_file.values()) for of_file in lines.values())
    print(f"{reached} of {total} lines of csrc/ were run: {reached / max(total, 1):.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--report", action="store_true", help="only what was run so far")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("tests", nargs="*", help="instead of those that use the engine most")
    given = parser.parse_intermixed_args()
    if not given.report:
        build(given.jobs)
        run(given.tests or TESTS)
    report()


if __name__ == "__main__":
    main()
