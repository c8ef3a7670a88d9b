"""Build pynn for another machine and test it there: `python tests/reliability/machines.py arm64`.

pythons: builds and runs the suite with every Python of 3.11 or later that is found here.
compilers: builds with GCC 12 and Clang, warnings being errors; runs numeric tests on each build
(not beside an editable install).
warnings: asks Clang for its warnings alone, which takes a tenth of the time, of the programs of
tests/cpp and tests/fuzz too.
plain: numeric tests on an emulated processor without AVX, with the pynn that is imported here.
arm64: builds for AArch64 with Debian's cross compiler, and runs numeric tests under its emulator.

What is needed of Debian: ``apt install clang qemu-user g++-aarch64-linux-gnu``. The last kind also
gets an arm64 Python from Debian and its packages from PyPI, into its folder, not into the system.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pybind11

ROOT = Path(__file__).resolve().parents[2]
# Tests that compute.
NUMERIC = [
    "tests/kernels",
    "tests/test_activations.py",
    "tests/losses",
    "tests/training/test_engine_bits.py",
    "tests/training/test_engine_losses.py",
    "tests/training/test_engine_results.py",
]
# It starts processes, and reads /proc/cpuinfo: both are of the machine that emulates.
EMULATED = [*NUMERIC, "--ignore=tests/kernels/test_dispatch.py"]
COMPILERS = ("g++-12", "clang++")
# The least that NumPy's wheels run on, x86-64-v2, which has SSE4.2 but not AVX.
PLAIN_PROCESSOR = "Nehalem"
# What the cross-compiled module is tested with, of the same Debian as the compiler.
ARM_DEBIAN_PACKAGES = ["python3.11", "libpython3.11-dev", "libstdc++6"]
ARM_PACKAGES = ["numpy", "scipy", "scikit-learn", "threadpoolctl", "pytest", "hypothesis", "cython"]
ARM_PLATFORMS = ["manylinux2014_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64"]


def run(*command: str | Path, **variables: str | Path) -> None:
    """Run a command at the root of the checkout, and exit where it fails."""
    words = [str(word) for word in command]
    print("+", " ".join(words), flush=True)
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    code = subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode
    if code != 0:
        sys.exit(code)


def configure(folder: Path, *options: str) -> None:
    pybind11_options = [f"-Dpybind11_DIR={pybind11.get_cmake_dir()}", "-GNinja"]
    run("cmake", "-S", ROOT, "-B", folder, *pybind11_options, *options)


def build(folder: Path, *options: str) -> None:
    """Configure a build in `folder` with CMake and build it."""
    configure(folder, *options)
    run("cmake", "--build", folder)


def tree_with(build_folder: Path, folder: Path) -> Path:
    """Return a folder with a copy of the package and the modules of a build."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "pynn", folder / "pynn", ignore=shutil.ignore_patterns("*.so"))
    for module in build_folder.glob("*.so"):
        shutil.copy(module, folder / "pynn")
    return folder


def found_pythons() -> dict[str, str]:
    """Return interpreters of 3.11 or later by their version, on the path or of pyenv."""
    names = [f"{folder}/python3.*" for folder in os.environ["PATH"].split(os.pathsep)]
    names.append(str(Path.home() / ".pyenv" / "versions" / "*" / "bin" / "python3.*"))
    found: dict[str, str] = {}
    for path in [path for name in names for path in sorted(glob.glob(name))]:
        match = re.fullmatch(r"python3\.(\d+t?)", Path(path).name)
        if match and int(match[1].rstrip("t")) >= 11:
            works = subprocess.run([path, "-c", "import ssl"], capture_output=True, check=False)
            if works.returncode == 0:
                found.setdefault(f"3.{match[1]}", path)
    return found


def pythons(folder: Path, arguments: Sequence[str]) -> None:
    versions = found_pythons()
    print("found:", versions)
    for version, path in versions.items():
        environment = folder / version
        run(path, "-m", "venv", "--clear", "--without-pip", environment)
        python = environment / "bin" / "python"
        run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "-e", ".[test]")
        # A free-threaded one that is to have its GIL does not warn that pynn turns it on.
        gil = {"PYTHON_GIL": "1"} if version.endswith("t") else {}
        run(environment / "bin" / "pytest", "-q", "-n", "2", *arguments, **gil)


def compilers(folder: Path, arguments: Sequence[str]) -> None:
    for compiler in COMPILERS:
        build(folder / compiler, f"-DCMAKE_CXX_COMPILER={compiler}", "-DPYNN_WERROR=ON")
        tree = tree_with(folder / compiler, folder / f"tree-{compiler}")
        tests = arguments or NUMERIC
        run(shutil.which("pytest") or "pytest", "-q", *tests, PYTHONPATH=tree, CXX=compiler)


def warnings(folder: Path, arguments: Sequence[str]) -> None:
    programs = ["-DPYNN_CHECKS=ON", "-DPYNN_FUZZ=ON"]
    configure(folder, "-DCMAKE_CXX_COMPILER=clang++", "-DPYNN_WERROR=ON", *programs, *arguments)
    run("cmake", "--build", folder, "--target", "cython_predict.cpp")
    units = json.loads((folder / "compile_commands.json").read_text(encoding="utf-8"))

    def check(unit: dict[str, str]) -> None:
        command = [*shlex.split(unit["command"]), "-fsyntax-only"]
        subprocess.run(command, cwd=unit["directory"], check=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        print("without warnings:", len(list(pool.map(check, units))), "units")


def plain(folder: Path, arguments: Sequence[str]) -> None:
    python = ["qemu-x86_64", "-cpu", PLAIN_PROCESSOR, sys.executable]
    run(*python, "-P", "-c", "from pynn import _core; assert _core.available_isas() == ['scalar']")
    run(*python, "-P", "-m", "pytest", "-q", "-p", "no:xdist", *(arguments or EMULATED))


def arm_python(folder: Path) -> Path:
    """Return a command that runs an arm64 Python with what the tests need, made in `folder`."""
    apt, system, packages = folder / "apt", folder / "system", folder / "packages"
    for part in ("state/lists/partial", "cache/archives/partial", "etc"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    (apt / "state" / "status").touch()
    sources = apt / "etc" / "sources.list"
    sources.write_text(
        "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
        "http://deb.debian.org/debian bookworm main\n"
    )
    settings = apt / "etc" / "apt.conf"
    settings.write_text(
        f'Dir::State "{apt}/state"; Dir::State::status "{apt}/state/status";\n'
        f'Dir::Cache "{apt}/cache"; Dir::Etc::sourcelist "{sources}"; Dir::Etc::sourceparts "-";\n'
        'APT::Architecture "arm64"; APT::Architectures {"arm64";};\n'
    )
    run("apt-get", "update", "-qq", APT_CONFIG=settings)
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "--download-only"]
    run(*install, *ARM_DEBIAN_PACKAGES, APT_CONFIG=settings)
    for package in (apt / "cache" / "archives").glob("*.deb"):
        run("dpkg", "-x", package, system)
    platforms = [f"--platform={name}" for name in ARM_PLATFORMS]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--only-binary=:all:", *platforms]
    run(*pip, "--python-version=3.11", "--upgrade", "--target", packages, *ARM_PACKAGES)
    command = folder / "python"
    command.write_text(
        "#!/bin/sh\n"
        f'PYTHONPATH="$PYTHONPATH:{packages}" \\\n'
        f'  exec qemu-aarch64 -L {system} {system}/usr/bin/python3.11 "$@"\n'
    )
    command.chmod(0o755)
    return command


def arm64(folder: Path, arguments: Sequence[str]) -> None:
    python = arm_python(folder)
    includes = folder / "system" / "usr" / "include"
    # When it cross-compiles, CMake does not ask Python where its headers are.
    build(
        folder / "build",
        "-DCMAKE_SYSTEM_NAME=Linux",
        "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        "-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++",
        f"-DCMAKE_CXX_FLAGS=-idirafter {includes}",
        f"-DPython_EXECUTABLE={python}",
        f"-DPython_INCLUDE_DIR={includes / 'python3.11'}",
    )
    tree = tree_with(folder / "build", folder / "tree")
    pytest = ["-c", "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"]
    check = "from pynn import _core; assert _core.available_isas() == ['scalar', 'neon']"
    run(python, "-P", "-c", check, PYTHONPATH=tree)
    options = ["-q", "-p", "no:cacheprovider"]
    run(python, "-P", *pytest, *options, *(arguments or EMULATED), PYTHONPATH=tree)


KINDS = {kind.__name__: kind for kind in (pythons, compilers, warnings, plain, arm64)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--folder", type=Path, help="where to build, kept for the next time")
    parser.add_argument("tests", nargs="*", help="of pytest, in place of the kind's own")
    given, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        KINDS[given.kind](folder, [*given.tests, *options])


if __name__ == "__main__":
    main()
