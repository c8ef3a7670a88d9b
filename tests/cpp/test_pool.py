"""The thread pool's contract, in a program with late threads: as it is, and under ThreadSanitizer.

pool_check.cpp does the work and prints what does not hold.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cpp.test_simd import ROOT, compiler

SOURCES = [
    Path(__file__).with_name("pool_check.cpp"),
    ROOT / "csrc" / "base" / "thread_pool.cpp",
    ROOT / "csrc" / "base" / "thread_limits.cpp",
]
SANITIZE = "-fsanitize=thread"


def has_sanitizer(folder: Path) -> bool:
    """Whether programs can be linked with ThreadSanitizer, and its own memory map fits here."""
    source, program = folder / "empty.cpp", folder / "empty"
    source.write_text("int main() {}\n", encoding="utf-8")
    command = [*compiler(), SANITIZE, str(source), "-o", str(program)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return False
    return subprocess.run([program], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("options", [["-O3"], ["-O1", "-g", SANITIZE]], ids=["plain", "tsan"])
def test_the_contract_holds(options: list[str], tmp_path: Path) -> None:
    if SANITIZE in options and not has_sanitizer(tmp_path):
        pytest.skip("this compiler has no ThreadSanitizer that runs here")
    program = tmp_path / "pool_check"
    flags = ["-std=c++20", "-pthread", "-Wall", "-Wextra", "-Werror", "-DPYNN_TEST_HOOKS"]
    flags += [*options, "-I", str(ROOT / "csrc")]
    subprocess.run([*compiler(), *flags, *map(str, SOURCES), "-o", program], check=True)
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
