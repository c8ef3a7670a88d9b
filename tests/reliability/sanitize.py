"""Build with sanitizers, and run what finds things in such a build.

``python tests/reliability/sanitize.py asan`` uses AddressSanitizer, LeakSanitizer and
UndefinedBehaviorSanitizer, ``tsan`` ThreadSanitizer. Each runs the programs of tests/cpp, and then
tests of the native module in Python: of asan all that call it, of tsan those that compare bits
between numbers of threads, and those of several threads. (CI runs the programs as tests/fuzz/run.py
builds them, with the fuzzers.)

The build is in build/asan or build/tsan, the module is used from there: no installed pynn may be in
the way, as that of `pip install -e` would be.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The leaks of others, CPython's and NumPy's.
SUPPRESSIONS = Path(__file__).with_name("leaks_of_others.txt")

TESTS = {
    "asan": [
        "tests/training",
        "tests/kernels",
        "tests/graph",
        "tests/models",
        "tests/estimators/test_damaged_sparse.py",
        "tests/estimators/test_input_forms.py",
        "tests/estimators/test_perceptron.py",
        "tests/estimators/test_mlp_training.py",
        # These limit the memory of a process, of which the sanitizer reserves terabytes.
        "--ignore=tests/training/test_out_of_memory.py",
    ],
    "tsan": ["tests/training/test_engine_bits.py", "tests/models/test_concurrent_fits.py"],
}
QUICK = {
    "asan": [
        "tests/training/test_engine_errors.py",
        "tests/training/test_engine_executor.py",
        "tests/training/test_engine_rows.py",
        "tests/estimators/test_damaged_sparse.py",
        "tests/kernels/test_perceptron.py",
    ],
    "tsan": ["tests/training/test_engine_bits.py", "-k", "threads and 32"],
}
# Of the programs of tests/cpp, by kind.
CHECKS = {
    "asan": [
        ["pool_check", "100"],
        ["engine_check", "bits", "small"],
        ["engine_check", "allocations", "20"],
    ],
    "tsan": [["pool_check", "500"], ["engine_check", "bits"]],
}
LIBRARIES = {"asan": "libasan.so", "tsan": "libtsan.so"}
OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def build(kind: str, isa: str, jobs: int, options: list[str]) -> Path:
    """Build a preset; return its folder."""
    configure = ["cmake", "--preset", kind, f"-DPYNN_ONLY_ISA={isa}", "-DPYNN_CHECKS=ON"]
    # Compilers warn of what sanitizers add; warnings are errors in the ordinary build.
    configure += [f"-DPython_EXECUTABLE={sys.executable}", "-DPYNN_WERROR=OFF", *options]
    subprocess.run(configure, cwd=ROOT, check=True)
    command = ["cmake", "--build", "--preset", kind, "--parallel", str(jobs)]
    subprocess.run(command, cwd=ROOT, check=True)
    return ROOT / "build" / kind


def package(folder: Path) -> Path:
    """Put the modules of a build beside the Python files; return what to put on the path."""
    path = folder / "path"
    (path / "pynn").mkdir(parents=True, exist_ok=True)
    for link in (path / "pynn").iterdir():
        link.unlink()
    modules = list(folder.glob("*.so"))
    assert modules, f"there is no module in {folder}"
    for source in [*modules, *(ROOT / "pynn").iterdir()]:
        if source in modules or source.suffix != ".so":
            (path / "pynn" / source.name).symlink_to(source)
    return path


def runtime(library: str) -> str:
    compiler = os.environ.get("CXX", "c++")
    command = [compiler, f"-print-file-name={library}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def run_program(folder: Path, check: list[str]) -> None:
    """Run a program of tests/cpp that was built in `folder`."""
    print(*check, flush=True)
    program, *arguments = check
    environment = {**os.environ, **OPTIONS}
    subprocess.run([str(folder / program), *arguments], env=environment, check=True)


def run_tests(kind: str, folder: Path, tests: list[str]) -> None:
    """Run Python tests with the module of a build."""
    environment = {**os.environ, **OPTIONS}
    # Python itself is built without: its modules need the sanitizer's library before all others,
    # and a C++ library, whose throw the sanitizer looks for when it begins.
    environment["LD_PRELOAD"] = f"{runtime(LIBRARIES[kind])} {runtime('libstdc++.so')}"
    environment["PYTHONMALLOC"] = "malloc"  # small objects, too, have memory of their own
    environment["PYTHONPATH"] = str(package(folder))
    # Reports are written to descriptor 2 before the process ends: what is captured would be lost.
    options = ["-q", "-p", "no:cacheprovider", "--capture=sys"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    subprocess.run(command, cwd=ROOT, env={**environment, "PYTHONSAFEPATH": "1"}, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(".")[0])
    parser.add_argument("kind", choices=TESTS)
    parser.add_argument("--isa", default="", help="build for this instruction set alone")
    parser.add_argument("--quick", action="store_true", help="a few minutes of tests in Python")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--define", action="append", default=[], help="a variable of CMake's")
    parser.add_argument("tests", nargs="*", help="instead of those of the kind")
    given = parser.parse_intermixed_args()
    options = [f"-D{each}" for each in given.define]
    folder = build(given.kind, given.isa, given.jobs, options)
    for check in CHECKS[given.kind]:
        run_program(folder / "tests" / "cpp", check)
    chosen = QUICK if given.quick else TESTS
    run_tests(given.kind, folder, given.tests or chosen[given.kind])
    print(f"{given.kind}: nothing was found")


if __name__ == "__main__":
    main()
