"""Building the programs of this folder from their source and files of the engine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cpp.test_simd import ROOT, compiler

_ENGINE = ROOT / "csrc"


def built(folder: Path, name: str, *sources: str, options: tuple[str, ...] = ("-O2",)) -> Path:
    """Build ``name.cpp`` with these sources of `csrc`, and return the program in `folder`."""
    program = folder / name
    flags = ["-std=c++20", "-pthread", "-Wall", "-Wextra", "-Werror", "-I", str(_ENGINE)]
    files = [Path(__file__).with_name(f"{name}.cpp"), *(_ENGINE / each for each in sources)]
    command = [*compiler(), *flags, *options, *map(str, files), "-o", str(program)]
    subprocess.run(command, check=True)
    return program
