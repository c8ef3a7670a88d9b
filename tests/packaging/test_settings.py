"""What pyproject.toml says in more than one place about packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]


def test_wheels_are_built_for_the_pythons_that_are_named() -> None:
    named = re.findall(r":: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), re.MULTILINE)
    built = re.findall(r"cp3(\d+)-", " ".join(SETTINGS["tool"]["cibuildwheel"]["build"]))
    assert named == [f"3.{minor}" for minor in built]
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_extras_that_wheels_are_tested_with_exist() -> None:
    assert {*SETTINGS["tool"]["cibuildwheel"]["test-extras"]} <= {*PROJECT["optional-dependencies"]}


def test_the_readme_names_the_package_of_the_index() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"https://pypi.org/project/{PROJECT['name']}/" in readme
    assert f"https://pypi.org/project/{PROJECT['name']}/" in PROJECT["urls"].values()


def test_the_readme_names_every_extra_for_users() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r'^ +pip install "\.\[(.+)\]" +# ', readme, re.MULTILINE))
    assert named == {*PROJECT["optional-dependencies"]} - {"test", "bench", "dev"}
