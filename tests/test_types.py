"""Type checkers know what public calls return, see typed_program.py, and the native module."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import typed_program
from pynn import _core

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_program_runs() -> None:
    typed_program.main()


def test_mypy_checks_the_program() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert "tests/typed_program.py" in settings["files"]  # which CI does
    pytest.importorskip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "tests/typed_program.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_native_module_has_what_its_stub_says(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    classes = [name for name, value in vars(_core).items() if isinstance(value, type)]
    # Of pybind11's metaclass a stub cannot know.
    allowed = tmp_path / "allowed.txt"
    allowed.write_text("".join(f"pynn._core.{name}\n" for name in classes))
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "pynn._core", "--concise", "--allowlist", allowed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
