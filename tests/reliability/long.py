"""Run one kind of reliability test for long: `python tests/reliability/long.py kills --count 1000`.

The suite runs the same code for a few seconds of each kind: see test_bounded.py. What is found is
raised. What has been done is printed once a minute and at the end, be it the count, Ctrl-C or a
failure; another seed goes on with other cases.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reliability.kinds import KINDS  # noqa: E402, found by the path above

SECONDS_BETWEEN = 60.0


def show(title: str, figures: dict[str, Any]) -> None:
    print(title)
    for name, value in figures.items():
        print(f"  {name}: {value}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(".")[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    start = shown = time.perf_counter()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for figures in KINDS[given.kind].run(given.count, given.seed, Path(folder)):
                if time.perf_counter() - shown > SECONDS_BETWEEN:
                    shown = time.perf_counter()
                    show(f"{given.kind}, after {shown - start:.0f} s", figures)
        finally:
            took = time.perf_counter() - start
            show(f"{given.kind}, seed {given.seed}: {took:.0f} s", figures)


if __name__ == "__main__":
    main()
