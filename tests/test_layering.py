"""Who may use whom: downwards only. Reads Python imports and C++ includes; runs nothing of pynn.

The two tables below are the layer maps of csrc/README.md and CONTRIBUTING.md. A module or folder
that is in no table fails too: say where it belongs first.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Lowest first. What shares a line may import one another. Private modules directly in pynn/
# (pynn/_name.py, the native module among them) are the ground that everything stands on.
PYTHON_LAYERS = (
    {"backend", "config", "random"},
    {"ops", "activations", "initializers", "regularizers", "constraints"},
    {"graph", "layers", "losses", "optimizers", "metrics", "callbacks"},
    {"training"},
    {"models", "saving"},
    {"estimators", "wrappers"},
    {"utils", "export", "plotting", "datasets"},
    {"cli"},
    {"__main__"},
)
CPP_LAYERS = (
    {"base"},
    {"simd"},
    {"formulas"},
    {"kernels"},
    {"dispatch"},
    {"ops"},
    {"graph"},
    {"training"},
    {"capi", "bindings"},
)
CPP_SUFFIXES = {".hpp", ".cpp", ".h", ".def"}
# Headers that only one folder may include.
CPP_RESERVED = (
    (re.compile(r"pybind11/"), "bindings"),
    (re.compile(r"(immintrin|x86intrin|arm_neon|[a-z]mmintrin|simde/.*)\.?h?$"), "simd"),
)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def rank_in(layers: tuple[set[str], ...], name: str) -> int | None:
    return next((i for i, names in enumerate(layers) if name in names), None)


def python_rank(module: str) -> int | None:
    """The rank of the top-level part of a dotted module below pynn; -1 for the private ones."""
    top = module.split(".")[0]
    if top.startswith("_") and not top.startswith("__"):
        return -1
    return rank_in(PYTHON_LAYERS, top)


def runtime_imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import, in functions too, but not what only type checkers see."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        pending.extend(ast.iter_child_nodes(node))


def imported_modules(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module below pynn) for everything of pynn's that ``path`` imports."""
    here = path.relative_to(package.parent).with_suffix("").parts
    for node in runtime_imports(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            base = list(here[: -node.level]) if node.level else []
            base += node.module.split(".") if node.module else []
            # `from pynn import losses` names modules; `from pynn.losses import x` names its module.
            names = (
                [f"pynn.{alias.name}" for alias in node.names]
                if base == ["pynn"]
                else [".".join(base)]
            )
        for name in names:
            if name == "pynn" or name.startswith("pynn."):
                yield node.lineno, name.removeprefix("pynn").removeprefix(".")


def python_violations(package: Path) -> list[str]:
    found = []
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        if module == "__init__":
            continue  # the public list, which resolves names of every layer lazily
        rank = python_rank(module)
        if rank is None:
            found.append(f"{path}: {module} is in no layer of PYTHON_LAYERS")
            continue
        for line, target in imported_modules(path, package):
            if target == "" or (target_rank := python_rank(target)) is None:
                # `import pynn` itself, or a public name taken from it: only for the top.
                if rank < len(PYTHON_LAYERS) - 2:
                    found.append(f"{path}:{line}: {module} must import modules, not {target!r}")
            elif target_rank > rank:
                found.append(f"{path}:{line}: {module} must not import {target}, which is above it")
    return found


def included_folder(path: Path, include: str, source: Path) -> str | None:
    """The folder of csrc/ that a quoted include leads to, or None for what lies outside."""
    for candidate in (path.parent / include, source / include):
        if candidate.is_file():
            parts = candidate.resolve().relative_to(source.resolve()).parts
            return parts[0] if len(parts) > 1 else None
    first = include.split("/")[0]
    return first if "/" in include and rank_in(CPP_LAYERS, first) is not None else None


def cpp_violations(source: Path) -> list[str]:
    found = []
    for path in sorted(p for p in source.rglob("*") if p.suffix in CPP_SUFFIXES):
        folder = path.relative_to(source).parts[0]
        rank = rank_in(CPP_LAYERS, folder)
        if rank is None:
            found.append(f"{path}: {folder} is in no layer of CPP_LAYERS")
            continue
        for include in INCLUDE.findall(path.read_text(encoding="utf-8")):
            for pattern, owner in CPP_RESERVED:
                if pattern.match(include) and folder != owner:
                    found.append(f"{path}: <{include}> may be included in {owner}/ only")
            target = included_folder(path, include, source)
            target_rank = None if target is None else rank_in(CPP_LAYERS, target)
            if target_rank is not None and target_rank > rank:
                found.append(f"{path}: {folder}/ must not include {include}, which is above it")
    return found


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_python_imports_point_down() -> None:
    assert (ROOT / "pynn" / "__init__.py").is_file()
    assert python_violations(ROOT / "pynn") == []


def test_cpp_includes_point_down() -> None:
    assert (ROOT / "csrc").is_dir()
    assert cpp_violations(ROOT / "csrc") == []


@pytest.mark.parametrize(
    "statement",
    [
        "from pynn.models import Sequential",
        "from pynn import estimators",
        "import pynn.training._loop",
        "from ..saving import save",
        "from .. import models",
        "def build():\n    from pynn.models import Sequential",
        "import pynn",
        "from pynn import Sequential",
    ],
)
def test_an_upward_python_import_is_found(tmp_path: Path, statement: str) -> None:
    package = tmp_path / "pynn"
    write(package / "__init__.py", "from pynn.models import Model\n")
    write(package / "layers" / "_dense.py", "import numpy\nfrom pynn import _core, ops\n")
    assert python_violations(package) == []
    write(package / "layers" / "_dense.py", statement + "\n")
    assert len(python_violations(package)) == 1


def test_a_type_checking_import_is_not_counted(tmp_path: Path) -> None:
    package = tmp_path / "pynn"
    guarded = "if TYPE_CHECKING:\n    from pynn.models import Model\n"
    write(package / "callbacks" / "_callback.py", "from typing import TYPE_CHECKING\n" + guarded)
    assert python_violations(package) == []


def test_an_unplaced_module_is_found(tmp_path: Path) -> None:
    write(tmp_path / "pynn" / "helpers.py", "")
    write(tmp_path / "csrc" / "misc" / "a.hpp", "")
    assert len(python_violations(tmp_path / "pynn")) == 1
    assert len(cpp_violations(tmp_path / "csrc")) == 1


@pytest.mark.parametrize(
    "include",
    [
        '"training/loop.hpp"',
        '"../training/loop.hpp"',
        "<pybind11/pybind11.h>",
        "<immintrin.h>",
        "<arm_neon.h>",
        "<simde/arm/neon.h>",
    ],
)
def test_an_upward_or_reserved_include_is_found(tmp_path: Path, include: str) -> None:
    write(tmp_path / "training" / "loop.hpp", "#pragma once\n")
    write(tmp_path / "base" / "arena.hpp", "#pragma once\n")
    write(tmp_path / "ops" / "dense.cpp", '#include "base/arena.hpp"\n#include <vector>\n')
    assert cpp_violations(tmp_path) == []
    write(tmp_path / "ops" / "dense.cpp", f"#include {include}\n")
    assert len(cpp_violations(tmp_path)) == 1


@pytest.mark.parametrize("module", ["sklearn", "matplotlib", "scipy", "pandas"])
def test_importing_pynn_does_not_import(module: str, tmp_path: Path) -> None:
    code = f"import sys, pynn; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
