"""Compare exported C files with `predict` for many random models: not a part of the suite.

python tests/c_export/long.py --count 200 --cc gcc clang
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from c_export.compiled import call, compile_files, scale_of
from c_export.random_models import largest_number, random_model
from pynn.formats.c import write_c

LIMIT = 1e-6


def options_for(int8: bool, rows: list[np.ndarray]) -> dict[str, Any]:
    if not int8:
        return {}
    return {"quantize": "int8", "calibration": rows if len(rows) > 1 else rows[0]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cc", nargs="+", default=["gcc", "clang"])
    parser.add_argument("--int8", action="store_true", help="with the integers that Python has")
    given = parser.parse_args()
    gaps: list[tuple[float, float, int]] = []  # of the network's scale, of the outputs', seed
    refused = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(given.first, given.first + given.count):
            path = Path(folder, f"m{seed}.c")
            model, rows = random_model(seed)
            try:
                report = write_c(model, path, **options_for(given.int8, rows))
            except NotImplementedError as error:
                refused += 1
                print(seed, error)
                continue
            expected = model.predict(rows if len(rows) > 1 else rows[0], verbose=0)
            expected = expected if isinstance(expected, list) else [expected]
            scale = largest_number(model, rows)
            floats = [x.astype(np.float32) for x in rows]
            worst = [0.0, 0.0]
            for cc in given.cc:
                library = compile_files(path, cc=cc)
                for by_row in (False, True):
                    for y, found in zip(expected, call(path, library, floats, by_row), strict=True):
                        flat = y.reshape(len(y), -1)
                        gap = float(np.abs(flat - found).max())
                        if report is not None:
                            gap = max(0.0, gap - report.max_difference)
                        worst = [max(worst[0], gap / scale), max(worst[1], gap / scale_of(flat))]
            gaps.append((worst[0], worst[1], seed))
            if not worst[0] <= LIMIT:
                print(f"seed {seed}: {worst[0]:.2e}", flush=True)
    print(f"{given.count} models with {' and '.join(given.cc)}, {refused} refused")
    for i, what in enumerate(("the largest number in the network", "the outputs")):
        within = sum(gap[i] <= LIMIT for gap in gaps)
        most = max(gaps, key=lambda gap: gap[i])
        print(
            f"relative to {what}: {within} within {LIMIT}, at most {most[i]:.1e} (seed {most[2]})"
        )


if __name__ == "__main__":
    main()
