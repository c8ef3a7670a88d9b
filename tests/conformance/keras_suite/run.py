"""Run Keras's own tests on pynn, and say how many pass.

    cd tests
    python -m conformance.keras_suite.run [pattern of files ...]            # failures and a table
    python -m conformance.keras_suite.run --write [pattern of files ...]    # and known_failures.txt

Each test file is taken from the installed Keras and run by pytest in a process of its own, in which
``keras`` is pynn: see shim.py, plugin.py and scope.py.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

from conformance.keras_suite import scope, shim

FOLDER = Path(__file__).parent
TESTS = FOLDER.parent.parent

KNOWN = FOLDER / "known_failures.txt"
_HEAD = """# Keras {version}
# Tests of Keras that pynn does not pass, and why. A test that is added here was broken; one that
# passes is to be taken out. `python -m conformance.keras_suite.run --write`, in tests/, does both.
"""
# What an outcome's reason has that differs from run to run.
_CHANGING = re.compile(r" at 0x[0-9a-f]+|/tmp/\S+|\S*\bAbsentError: ")
_WIDTH = 110

Outcomes = dict[str, list[str]]


def version() -> str:
    """Return the version of Keras that is installed."""
    return importlib.metadata.version("keras")


def test_files() -> list[str]:
    """Return the paths, below keras/src, of all test files of the installed Keras."""
    return sorted(p.relative_to(shim.SOURCE).as_posix() for p in shim.SOURCE.rglob("*_test.py"))


def files_in_scope() -> list[str]:
    """Return the files that are run."""
    return [
        file
        for file in test_files()
        if any(fnmatchcase(file, pattern) for pattern in scope.FILES)
        and scope.reason_out(file) is None
    ]


def run(files: list[str]) -> Outcomes:
    """Return the outcome, and the reason for it, of every test in the files."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        options = ["-q", "-c", str(FOLDER / "keras_tests.ini"), "-p", f"{__package__}.plugin"]
        options += [f"--rootdir={shim.SOURCE}", f"--confcutdir={shim.SOURCE}"]
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"--outcomes={outcomes}"]
            + [str(shim.SOURCE / file) for file in files],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
        )
        if "KERAS_SUITE_LOG" in os.environ:
            Path(os.environ["KERAS_SUITE_LOG"]).write_text(done.stdout)
        if not outcomes.exists():
            raise RuntimeError(f"{done.stdout[-10000:]}\n{done.stderr[-10000:]}")
        return json.loads(outcomes.read_text())


def table(outcomes: Outcomes) -> str:
    """Return a line per file, and one of all."""
    counts: dict[str, Counter[str]] = {}
    for name, (outcome, _) in sorted(outcomes.items()):
        counts.setdefault(name.partition("::")[0], Counter())[outcome] += 1
    total = sum(counts.values(), Counter())
    lines = [f"{'':60} passed failed out of scope"]
    for file, count in [*counts.items(), ("all", total)]:
        lines.append(f"{file:60} {count['passed']:6} {count['failed']:6} {count['out']:12}")
    share = total["passed"] / max(total["passed"] + total["failed"], 1)
    return "\n".join([*lines, f"{share:.1%} of what is in scope pass"])


def failures(outcomes: Outcomes) -> dict[str, str]:
    """Return the tests that failed, and why."""
    return {
        name: _CHANGING.sub("", reason)
        for name, (outcome, reason) in sorted(outcomes.items())
        if outcome == "failed"
    }


def known_failures() -> tuple[str, dict[str, str]]:
    """Return the version of Keras that the list is of, and the tests in it with the reasons."""
    head, *lines = KNOWN.read_text().splitlines()
    entries = [line.partition(": ") for line in lines if not line.startswith("#")]
    return head.split()[-1], {name: reason for name, _, reason in entries}


def write(found: Outcomes, files: list[str]) -> None:
    """Write the list anew, as to these files; the rest stays as far as it counts."""
    others = set(files_in_scope()) - set(files)
    listed = {
        name: reason
        for name, reason in known_failures()[1].items()
        if name.partition("::")[0] in others and scope.reason_out(name) is None
    }
    listed |= {name: reason[:_WIDTH] for name, reason in failures(found).items()}
    lines = [f"{name}: {reason}".strip() for name, reason in sorted(listed.items())]
    KNOWN.write_text(_HEAD.format(version=version()) + "\n".join(lines) + "\n")


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    patterns = [a for a in arguments if a != "--write"] or ["*"]
    files = [f for f in files_in_scope() if any(fnmatchcase(f, p) for p in patterns)]
    found = run(files)
    for name, reason in failures(found).items():
        print(f"{name}: {reason}")
    print(table(found))
    if "--write" in arguments:
        write(found, files)


if __name__ == "__main__":
    main(sys.argv[1:])
