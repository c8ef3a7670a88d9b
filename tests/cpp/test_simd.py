"""The SIMD words and functions of every instruction set that this machine runs.

simd_check.cpp does the work: it compares each word with a plain loop and each function with libm in
a wider type, and fails by itself where an error exceeds the limit written there. Here it is built
with the compiler flags of CMakeLists.txt and run once per instruction set on every 9,973rd float;
NEON too, emulated, where there is Debian's cross compiler (g++-aarch64-linux-gnu, qemu-user).
``python tests/cpp/test_simd.py avx2`` sweeps all 2^32 of them, which takes most of an hour.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from pynn import _core

ROOT = Path(__file__).resolve().parents[2]
ARM_COMPILER, ARM_EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64"
EMULATES_ARM = shutil.which(ARM_COMPILER) is not None and shutil.which(ARM_EMULATOR) is not None
EMULATED = ["neon"] if EMULATES_ARM and "neon" not in _core.available_isas() else []
ISAS = _core.available_isas() + EMULATED
FUNCTIONS = (
    "exp",
    "expm1",
    "log",
    "log1p",
    "tanh",
    "sigmoid",
    "softplus",
    "erf",
    "gelu",
    "sin",
    "cos",
)


@dataclass
class Outcome:
    """What one build of simd_check said."""

    code: int
    output: str

    @property
    def hash(self) -> str:
        return re.findall(r"^hash ([0-9a-f]{16})$", self.output, re.MULTILINE)[-1]


def compiler(isa: str | None = None) -> list[str]:
    if isa in EMULATED:
        return [ARM_COMPILER]
    default = sysconfig.get_config_var("CXX") or "c++"
    return shlex.split(os.environ.get("CXX", default))[:1]


def flags(isa: str) -> list[str]:
    """The build's own flags for `isa`, so that what is tested is what is shipped."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    everywhere = re.search(r"compile_options\(\s*pynn_flags INTERFACE([^)]*)\)", text)
    own = re.search(rf"set\(PYNN_FLAGS_{isa}\b([^)]*)\)", text)
    assert everywhere and own, f"CMakeLists.txt no longer sets the flags of {isa} in one call"
    rounding = re.findall(r"-[fW][\w=-]+", everywhere[1])
    assert "-ffp-contract=off" in rounding
    return [
        "-std=c++20",
        "-O3",
        "-pthread",
        *rounding,
        *re.findall(r"-[\w=-]+", own[1]),
        f"-DPYNN_ISA_{isa.upper()}=1",
    ]


def build_command(isa: str, program: str) -> list[str]:
    source = ROOT / "tests" / "cpp" / "simd_check.cpp"
    return [*compiler(isa), *flags(isa), f"-I{ROOT / 'csrc'}", str(source), "-o", program]


def run_command(isa: str, program: str) -> list[str]:
    emulator = [ARM_EMULATOR, "-L", "/usr/aarch64-linux-gnu"] if isa in EMULATED else []
    return [*emulator, program]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("simd")
    builds = {
        isa: subprocess.Popen(
            build_command(isa, str(folder / isa)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for isa in ISAS
    }
    for isa, build in builds.items():
        messages, _ = build.communicate()
        assert build.returncode == 0, f"{isa} does not compile:\n{messages}"
    runs = {
        isa: subprocess.Popen(
            run_command(isa, str(folder / isa)), stdout=subprocess.PIPE, text=True
        )
        for isa in ISAS
    }
    return {isa: Outcome(output=run.communicate()[0], code=run.wait()) for isa, run in runs.items()}


@pytest.mark.parametrize("isa", ISAS)
def test_words_and_functions_are_right(isa: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[isa]
    assert outcome.code == 0, f"{isa}:\n{outcome.output}"
    for function in FUNCTIONS:
        for scalar in ("float", "double"):
            assert re.search(rf"^{function} +{scalar} .* ULP at", outcome.output, re.MULTILINE)


def test_every_isa_with_fma_gives_the_same_bits(outcomes: dict[str, Outcome]) -> None:
    hashes = {isa: outcome.hash for isa, outcome in outcomes.items() if isa != "scalar"}
    assert len(set(hashes.values())) <= 1, hashes


def main() -> None:
    """Sweep every float on one instruction set: minutes to an hour."""
    isa = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/simd_check"
        subprocess.run(build_command(isa, program), check=True)
        sys.exit(subprocess.run([*run_command(isa, program), "1"]).returncode)


if __name__ == "__main__":
    main()
