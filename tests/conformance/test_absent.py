"""The list of what is left out holds all that is left out, and nothing else."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import reduce
from typing import Any

import keras
import pytest

import pynn
from surface.surface_absent import ABSENT

_NO_OBJECTS = {"legacy"}  # a package of Keras
_ON_INSTANCES = {"dtype", "name", "shape", "path", "trainable", "regularizer", "constraint"}


def names_of(library: Any, package: str) -> set[str]:
    found = reduce(getattr, package.split(".") if package else [], library)
    return {n for n in dir(found) if not n.startswith("_")}


@pytest.mark.parametrize("package", ABSENT)
def test_absent(package: str) -> None:
    missing = names_of(keras, package) - names_of(pynn, package) - _NO_OBJECTS
    if package and package.rpartition(".")[2][0].isupper():
        missing -= _ON_INSTANCES
    known = {name for name in missing if any(fnmatchcase(name, p) for p in ABSENT[package])}
    assert missing == known
    for pattern in ABSENT[package]:
        assert any(fnmatchcase(name, pattern) for name in missing), pattern
