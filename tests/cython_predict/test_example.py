"""The project in examples/cython_predict, built as pip builds it and run against this pynn."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from cython_predict.documents import ROOT

BUILD = "from setuptools import build_meta; build_meta.build_wheel('dist')"


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_built_and_runs(tmp_path: Path) -> None:
    project, installed = tmp_path / "project", tmp_path / "installed"
    shutil.copytree(ROOT / "examples" / "cython_predict", project)
    run(project, "-c", BUILD)
    (wheel,) = (project / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(installed)
    said = run(installed, "-W", "error", "pendulum.py", "--quick")
    assert "the same bits as Python's: True" in said
    assert re.search(r"µs a step\n.*after a second: 0\.[01]\d\d rad", said, re.DOTALL), said
