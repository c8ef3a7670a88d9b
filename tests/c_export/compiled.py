"""Exported C files, compiled and called."""

from __future__ import annotations

import ctypes
import math
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np

FLAGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wconversion"]
POINTERS = {np.dtype("f4"): ctypes.c_float, np.dtype("f8"): ctypes.c_double}


def compiler() -> str:
    """The C compiler: CC, or that which built Python, or gcc or clang."""
    asked = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    found = next((c for c in (asked, "cc", "gcc", "clang") if shutil.which(c)), None)
    assert found is not None, "there is no C compiler"
    return found


def compile_files(*paths: Path, cc: str | None = None) -> ctypes.CDLL:
    """Compile files, without a warning, as one library, and load it."""
    cc = cc or compiler()
    library = paths[0].with_suffix(f".{Path(cc).name}.so")
    sources = map(str, paths)
    command = [cc, *FLAGS, "-shared", "-fPIC", "-o", str(library), *sources, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return ctypes.CDLL(str(library))


def sizes_of(path: Path) -> tuple[list[int], list[int]]:
    """What the file says of how many numbers each argument takes."""
    text = path.read_text()
    found = [
        [int(n) for n in re.findall(rf"^#define \w+_{what}(?:_\w+)? (\d+)$", text, re.MULTILINE)]
        for what in ("INPUTS", "OUTPUTS")
    ]
    return found[0], found[1]


def call(
    path: Path, library: ctypes.CDLL, rows: list[np.ndarray], by_row: bool = False
) -> list[np.ndarray]:
    """What the file's functions predict: flat rows, one array for each output."""
    n = len(rows[0])
    inputs, outputs = sizes_of(path)
    found = [np.full((n, size), np.nan, np.float32) for size in outputs]
    given = [np.ascontiguousarray(x.reshape(n, math.prod(x.shape[1:]))) for x in rows]
    assert [x.shape[1] for x in given] == inputs
    name = path.stem
    if not by_row:
        getattr(library, f"{name}_predict_rows")(ctypes.c_long(n), *map(pointer, [*given, *found]))
        return found
    for i in range(n):
        getattr(library, f"{name}_predict")(*[pointer(x[i]) for x in (*given, *found)])
    return found


def pointer(x: np.ndarray) -> Any:
    assert x.flags.c_contiguous
    return x.ctypes.data_as(ctypes.POINTER(POINTERS[x.dtype]))


def scale_of(y: np.ndarray) -> float:
    return max(1.0, float(np.abs(y[np.isfinite(y)]).max(initial=0.0)))
