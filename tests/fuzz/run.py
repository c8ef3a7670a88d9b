"""Build and run libFuzzer's targets: ``python tests/fuzz/run.py graph --seconds 60``.

Needs Clang 15 or newer, for _Float16. ``graph`` makes graphs, plans and trainers out of bytes,
``rows`` checks and reads rows of data, ``arrays`` makes NumPy's arrays and sparse matrices, which
it gives to the module. (Files are read in Python: tests/reliability/fuzz.py.) What is found is left
in the folder that is given, or the present one; what covers new lines is kept in `--corpus`, beside
the files of corpus/. Targets run side by side, on as many processors as are given.

Of a target that failed, what it said and what it found, in base64, are printed last.

``--programs`` builds the programs of tests/cpp, too, and runs them first, as
tests/reliability/sanitize.py does with the compiler's sanitizers that it finds.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reliability.sanitize import CHECKS, run_program  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("graph", "rows", "arrays")
OLDEST_CLANG = 15
OPTIONS = {
    # The interpreter in `arrays` is never ended, and what it has is no leak.
    "graph": {"ASAN_OPTIONS": "detect_leaks=1"},
    "rows": {"ASAN_OPTIONS": "detect_leaks=1"},
    "arrays": {"ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"},
}


def clang() -> str:
    """Return the first Clang that is new enough."""
    for name in ("clang++", *(f"clang++-{version}" for version in range(30, OLDEST_CLANG - 1, -1))):
        if shutil.which(name) is None:
            continue
        said = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
        version = re.search(r"version (\d+)", said.stdout)
        if version is not None and int(version[1]) >= OLDEST_CLANG:
            return name
    sys.exit(f"Clang {OLDEST_CLANG} or newer is needed: apt install clang-19 libclang-rt-19-dev")


def build(targets: list[str], isa: str, jobs: int, options: list[str]) -> Path:
    """Build targets; return the folder of the build."""
    configure = ["cmake", "--preset", "fuzz", f"-DCMAKE_CXX_COMPILER={clang()}"]
    configure += [f"-DPYNN_ONLY_ISA={isa}", f"-DPython_EXECUTABLE={sys.executable}"]
    configure += ["-DPYNN_WERROR=OFF", *options]
    subprocess.run(configure, cwd=ROOT, check=True)
    command = ["cmake", "--build", "--preset", "fuzz", "--parallel", str(jobs), "--target"]
    subprocess.run([*command, *targets], cwd=ROOT, check=True)
    return ROOT / "build" / "fuzz"


class Found(Exception):
    """A target failed; the message says how."""


def run(program: Path, target: str, corpus: Path, found: Path, limits: list[str]) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(p for p in sys.path[1:] if p)
    environment = {**os.environ, "PYTHONPATH": path, **OPTIONS[target]}
    command = [str(program), *limits, "-max_len=1024", "-timeout=20", "-rss_limit_mb=3000"]
    command += ["-print_final_stats=1", f"-artifact_prefix={found}/{target}-", str(corpus)]
    kept = Path(__file__).parent / "corpus" / target
    command += [str(kept)] if kept.exists() else []
    before = set(found.iterdir())
    said: deque[str] = deque(maxlen=16)
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
    with subprocess.Popen(command, env=environment, **output) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            said.append(line)
    if process.returncode != 0:
        finds = sorted(set(found.glob(f"{target}-*")) - before)
        inputs = [f"{p.name}: {base64.b64encode(p.read_bytes()).decode()}" for p in finds]
        last = "".join(said).rstrip()
        raise Found("\n".join([f"{target} ended with {process.returncode}:", last, *inputs]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(".")[0])
    parser.add_argument("targets", nargs="+", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=0, help="for each target; 0 for no limit")
    parser.add_argument("--runs", type=int, default=-1, help="of each target; -1 for no limit")
    parser.add_argument("--programs", action="store_true", help="and the programs of tests/cpp")
    parser.add_argument("--isa", default="", help="build for this instruction set alone")
    parser.add_argument("--corpus", type=Path, help="a folder in which each target has one")
    parser.add_argument("--found", type=Path, default=Path("."))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--define", action="append", default=[], help="a variable of CMake's")
    given = parser.parse_intermixed_args()
    checks = CHECKS["asan"] if given.programs else []
    programs = dict.fromkeys(program for program, *_ in checks)
    options = ["PYNN_CHECKS=ON"] * given.programs + given.define
    targets = [*programs, *(f"fuzz_{target}" for target in given.targets)]
    tests = build(targets, given.isa, given.jobs, [f"-D{each}" for each in options]) / "tests"
    limits = [f"-max_total_time={given.seconds}", f"-runs={given.runs}"]
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(given.jobs) as pool:
        corpus = given.corpus or Path(temporary)
        running = [pool.submit(run_program, tests / "cpp", check) for check in checks]
        for target in given.targets:
            program = tests / "fuzz" / f"fuzz_{target}"
            running.append(pool.submit(run, program, target, corpus / target, given.found, limits))
    failures = [each.exception() for each in running]
    for failure in failures:
        if failure is not None and not isinstance(failure, Found):
            raise failure
    if any(failures):
        sys.exit("\n".join(str(failure) for failure in failures if failure is not None))


if __name__ == "__main__":
    main()
