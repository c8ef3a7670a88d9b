"""The public list of `pynn`: every name resolves, lazily, and nothing else is promised."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pynn

ROOT = Path(__file__).resolve().parents[1]
INSIDE = {"cli", "formats", "graph", "training"}  # which users have no need to import


@pytest.mark.parametrize("name", pynn.__all__)
def test_every_name_resolves(name: str) -> None:
    assert getattr(pynn, name) is not None
    assert name in dir(pynn)


def test_the_list_is_what_can_be_resolved() -> None:
    paths = Path(pynn.__file__).parent.iterdir()
    modules = {path.stem for path in paths if path.suffix in ("", ".py") and path.stem[0] != "_"}
    assert set(pynn.__all__) == {*modules - INSIDE, *pynn._HOMES, "__version__"}
    assert len(set(pynn.__all__)) == len(pynn.__all__)


def test_nothing_else_is_offered() -> None:
    assert {name for name in dir(pynn) if not name.startswith("_")} == {
        name for name in pynn.__all__ if not name.startswith("_")
    }


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'pynn' has no attribute 'sequential'"):
        pynn.sequential  # noqa: B018


def test_the_version_has_one_home() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert pynn.__version__ == project["version"]


def test_importing_pynn_imports_no_part_of_it() -> None:
    code = "import sys, pynn; print([m for m in sys.modules if m.startswith('pynn.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
