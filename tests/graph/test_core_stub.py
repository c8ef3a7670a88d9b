"""The stub for type checkers names what the native module has, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pynn
from pynn import _core

STUB = ast.parse((Path(pynn.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))


def names(body: list[ast.stmt]) -> set[str]:
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            found.add(node.target.id)
    return {name for name in found if not name.startswith("_")}


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_functions_and_classes_are_those_of_the_module() -> None:
    assert names(STUB.body) == public(_core)


def test_methods_are_those_of_the_classes() -> None:
    for node in STUB.body:
        if isinstance(node, ast.ClassDef):
            assert names(node.body) == public(getattr(_core, node.name)), node.name
