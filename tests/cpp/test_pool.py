"""The thread pool's contract, in a program with late threads: as it is, and under ThreadSanitizer.

pool_check.cpp does the work and prints what does not hold.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cpp.programs import built
from cpp.test_simd import compiler

SOURCES = ("base/thread_pool.cpp", "base/thread_limits.cpp")
SANITIZE = "-fsanitize=thread"


def has_sanitizer(folder: Path) -> bool:
    """Whether programs can be linked with ThreadSanitizer, and its own memory map fits here."""
    source, program = folder / "empty.cpp", folder / "empty"
    source.write_text("int main() {}\n", encoding="utf-8")
    command = [*compiler(), SANITIZE, str(source), "-o", str(program)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return False
    return subprocess.run([program], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("options", [("-O3",), ("-O1", "-g", SANITIZE)], ids=["plain", "tsan"])
def test_the_contract_holds(options: tuple[str, ...], tmp_path: Path) -> None:
    if SANITIZE in options and not has_sanitizer(tmp_path):
        pytest.skip("this compiler has no ThreadSanitizer that runs here")
    options = ("-DPYNN_TEST_HOOKS", *options)
    program = built(tmp_path, "pool_check", *SOURCES, options=options)
    # A lost wake-up shows as a program that does not end.
    result = subprocess.run(
        [program, "500"],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1:exitcode=66"},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout == "0 failures\n"
