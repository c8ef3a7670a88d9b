"""C files on a bare Cortex-M3, which QEMU runs: they predict what they do here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from c_export.arm import EXAMPLE, run_on_arm
from c_export.compiled import call, compile_files
from c_export.random_models import largest_number, random_model

ROWS = 3


def test_random_models_in_float_and_int8(tmp_path: Path) -> None:
    paths, rows, expected, scales = [], [], [], []
    for seed in range(20, 26):
        model, given = random_model(seed)
        given = [x[:ROWS] for x in given]
        floats = [np.ascontiguousarray(x, np.float32) for x in given]
        found = model.predict(given if len(given) > 1 else given[0], verbose=0)
        path = tmp_path / f"m{seed}.c"
        model.export(path)
        paths.append(path)
        rows.append(floats)
        expected.append(
            [y.reshape(ROWS, -1) for y in (found if isinstance(found, list) else [found])]
        )
        scales += [largest_number(model, given)] * 2
        in_int8 = tmp_path / f"q{seed}.c"
        calibration = dict(zip(model.input_names, given, strict=True))
        model.export(in_int8, quantize="int8", calibration=calibration, verbose=False)
        paths.append(in_int8)
        rows.append(floats)
        expected.append(call(in_int8, compile_files(in_int8), floats))
    found_there = run_on_arm(paths, rows, tmp_path)
    for path, ours, other, scale in zip(paths, expected, found_there, scales, strict=True):
        for a, b in zip(ours, other, strict=True):
            assert np.abs(a - b).max() <= 1e-6 * scale, path


def test_the_example(tmp_path: Path) -> None:
    root = str(EXAMPLE.parents[1])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
    }
    command = ["make", "run", f"BUILD={tmp_path}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout + done.stderr
    assert "setosa, 100 % sure" in printed and "warning" not in printed
    # What training ends with depends on rounding, and so on the instruction set.
    assert re.search(r"float: 3[5-8] of 38 right\s+int8: 3[4-8] of 38 right", printed)
