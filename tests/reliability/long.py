"""Run one kind of reliability test for long: `python tests/reliability/long.py kills --count 1000`.

The suite runs the same code for a few seconds of each kind: see test_bounded.py. What is found is
raised; what was done is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reliability.kinds import KINDS  # noqa: E402, found by the path above


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(".")[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        figures = KINDS[given.kind].run(given.count, given.seed, Path(folder))
    print(f"{given.kind}, seed {given.seed}: {time.perf_counter() - start:.0f} s")
    for name, value in figures.items():
        print(f"  {name}: {value}")


if __name__ == "__main__":
    main()
