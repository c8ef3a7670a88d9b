"""Who may use whom: downwards only, and through the front door.

Reads Python imports and C++ includes; runs nothing of pynn. Three rules for Python: imports point
down, a package's private modules are its own, and no file imports itself by way of others. Imports
in functions count, and none may hide in a call.

The two tables below are the layer maps of csrc/README.md and CONTRIBUTING.md. A module or folder
that is in no table fails too: say where it belongs first.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Lowest first. What shares a line may import one another. Private modules directly in pynn/
# (pynn/_name.py, the native module among them) are the ground that everything stands on.
PYTHON_LAYERS = (
    {"plotting"},
    {"backend", "config", "random", "tree"},
    {"ops", "activations", "initializers", "regularizers", "constraints"},
    {"graph", "layers", "losses", "optimizers", "metrics", "callbacks"},
    {"training"},
    {"formats"},
    {"models"},
    {"saving"},
    {"estimators", "wrappers"},
    {"utils", "export", "datasets", "dask", "mlflow", "serving", "cython_predict"},
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
    {"capi"},
    {"bindings"},
    {"testing"},
)
CPP_SUFFIXES = {".hpp", ".cpp", ".h", ".def"}
# Headers that only these folders may include.
CPP_RESERVED = (
    (re.compile(r"pybind11/"), ("bindings", "testing")),
    # Of POSIX and of single systems: what is above base/ compiles everywhere.
    (re.compile(r"(unistd|pthread|sched|fcntl|dlfcn|poll|sys/.*|linux/.*|mach/.*)\.h$"), ("base",)),
    (re.compile(r"(windows|intrin|io|process|cpuid)\.h$"), ("base", "dispatch")),
    (re.compile(r"(immintrin|x86intrin|arm_neon|[a-z]mmintrin|simde/.*)\.?h?$"), ("simd",)),
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


@dataclass(frozen=True)
class Import:
    """What one import statement of ``module`` names below pynn: ``target``, dotted.

    Of ``from pynn.losses import Loss`` the target is ``losses.Loss``, whatever Loss is.
    """

    path: Path
    line: int
    module: str
    target: str


def module_name(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package).with_suffix("").parts)


def imports(path: Path, package: Path) -> Iterator[Import]:
    """Yield every import of something of pynn's."""
    module = module_name(path, package)
    here = ["pynn", *module.split(".")]
    for node in runtime_imports(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            base = here[: -node.level] if node.level else []
            base += node.module.split(".") if node.module else []
            names = [".".join([*base, alias.name]) for alias in node.names]
        for name in names:
            if name == "pynn" or name.startswith("pynn."):
                target = name.removeprefix("pynn").removeprefix(".")
                yield Import(path, node.lineno, module, target)


def sources(package: Path) -> list[Path]:
    """Return all files but the public list, which resolves names of every layer lazily."""
    return [path for path in sorted(package.rglob("*.py")) if path != package / "__init__.py"]


def upward_imports(package: Path) -> list[str]:
    found = []
    for path in sources(package):
        module = module_name(path, package)
        rank = python_rank(module)
        if rank is None:
            found.append(f"{path}: {module} is in no layer of PYTHON_LAYERS")
            continue
        for each in imports(path, package):
            target_rank = python_rank(each.target) if each.target else None
            if target_rank is None:
                # `import pynn` itself, or a public name taken from it: only for the top.
                if rank < len(PYTHON_LAYERS) - 2:
                    found.append(
                        f"{path}:{each.line}: {module} must import modules, not {each.target!r}"
                    )
            elif target_rank > rank:
                found.append(
                    f"{path}:{each.line}: {module} must not import {each.target}, which is above it"
                )
    return found


def imports_in_calls(package: Path) -> list[str]:
    """Find calls of `import_module` and `__import__`, unless they name another package.

    Unpickling imports by name too: `_earlier_modules` does it for nobody else.
    """
    found = []
    for path in sources(package):
        if path == package / "_earlier_modules.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            function = getattr(node.func, "attr", getattr(node.func, "id", None))
            if function not in ("import_module", "__import__"):
                continue
            given = node.args[0] if node.args else None
            literal = given.value if isinstance(given, ast.Constant) else None
            if not isinstance(literal, str) or literal.split(".")[0] in ("pynn", ""):
                found.append(f"{path}:{node.lineno}: write an import statement, not {function}()")
    return found


def private_imports(package: Path) -> dict[str, list[str]]:
    """Find imports of private modules and names by files outside the package that owns them.

    Returns
    -------
    dict
        Places in the code by "importer -> owner".
    """
    found: dict[str, list[str]] = {}
    for path in sources(package):
        for each in imports(path, package):
            parts = each.target.split(".")
            for i, part in enumerate(parts[1:], 1):
                owner = ".".join(parts[:i])
                if not re.match("_(?!_)", part) or f"{each.module}.".startswith(f"{owner}."):
                    continue
                who = f"{each.module.split('.')[0]} -> {owner}"
                found.setdefault(who, []).append(
                    f"{path}:{each.line}: {each.target} is private to {owner}"
                )
                break
    return found


def imported_file(target: str, package: Path) -> Path | None:
    """Return the file that an import reads: a module's, a package's list, or what has the name."""
    while target:
        path = package.joinpath(*target.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
        target = target.rpartition(".")[0]
    return None


def cycles(package: Path) -> dict[str, list[str]]:
    """Find files that import one another in a circle, lazily or not; one circle per set of files.

    Returns
    -------
    dict
        The modules of a circle by the packages that they are in, as "models, saving".
    """
    graph: dict[Path, set[Path]] = {}
    for path in sources(package):
        files = (imported_file(each.target, package) for each in imports(path, package))
        graph[path] = {file for file in files if file is not None}
    found: dict[str, list[str]] = {}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = error.args[1][::-1]
            graph[circle[0]].discard(circle[1])
            modules = [module_name(path, package) for path in circle]
            packages = ", ".join(sorted({module.split(".")[0] for module in modules}))
            found.setdefault(packages, []).append(" -> ".join(modules))
        else:
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
            for pattern, owners in CPP_RESERVED:
                if pattern.match(include) and folder not in owners:
                    found.append(f"{path}: <{include}> may be included in {owners[0]}/ only")
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
    assert upward_imports(ROOT / "pynn") == []
    assert imports_in_calls(ROOT / "pynn") == []


def test_private_modules_are_their_package_s_own() -> None:
    assert private_imports(ROOT / "pynn") == {}


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert cycles(ROOT / "pynn") == {}


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
    assert upward_imports(package) == []
    write(package / "layers" / "_dense.py", statement + "\n")
    assert len(upward_imports(package)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        'importlib.import_module("pynn.models")',
        'import_module(f"pynn.{name}")',
        'import_module(".models", "pynn")',
        "import_module(name)",
        '__import__("pynn.models")',
    ],
)
def test_an_import_in_a_call_is_found(tmp_path: Path, statement: str) -> None:
    package = tmp_path / "pynn"
    write(package / "layers" / "_dense.py", 'import_module("matplotlib.pyplot")\n')
    assert imports_in_calls(package) == []
    write(package / "layers" / "_dense.py", f"def build():\n    {statement}\n")
    assert len(imports_in_calls(package)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "from pynn.ops._linear import matmul",
        "from pynn.ops import _linear",
        "from pynn.ops import _checked",
        "import pynn.ops._linear",
        "from ..ops._linear import matmul",
        "from pynn.layers._cells._step import step",
        "def build():\n    from pynn._tensor import _shape",
    ],
)
def test_an_import_of_a_private_module_is_found(tmp_path: Path, statement: str) -> None:
    package = tmp_path / "pynn"
    own = "from pynn.layers import _layer\nfrom pynn._tensor import Tensor\nimport pynn.ops\n"
    write(package / "layers" / "_dense.py", own + "from pynn.ops import __version__\n")
    write(package / "layers" / "_cells" / "_gate.py", "from pynn.layers._layer import Layer\n")
    assert private_imports(package) == {}
    write(package / "layers" / "_dense.py", statement + "\n")
    assert len(private_imports(package)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "from pynn.losses import Loss",
        "from pynn.losses import _loss",
        "import pynn.losses._loss",
        "def names():\n    from ._loss import Loss",
    ],
)
def test_a_circle_of_imports_is_found(tmp_path: Path, statement: str) -> None:
    package = tmp_path / "pynn"
    write(package / "losses" / "__init__.py", "from pynn.losses._loss import Loss\n")
    write(package / "losses" / "_loss.py", "from pynn.losses import _names\n")
    write(package / "losses" / "_names.py", "import numpy\nfrom pynn import ops\n")
    write(package / "ops" / "__init__.py", "")
    assert cycles(package) == {}
    write(package / "losses" / "_names.py", statement + "\n")
    (circle,) = cycles(package)["losses"]
    first, *others = circle.split(" -> ")
    assert "losses._names" in others and others[-1] == first


def test_a_type_checking_import_is_not_counted(tmp_path: Path) -> None:
    package = tmp_path / "pynn"
    guarded = "if TYPE_CHECKING:\n    from pynn.models import Model\n"
    write(package / "callbacks" / "_callback.py", "from typing import TYPE_CHECKING\n" + guarded)
    assert upward_imports(package) == []


def test_an_unplaced_module_is_found(tmp_path: Path) -> None:
    write(tmp_path / "pynn" / "helpers.py", "")
    write(tmp_path / "csrc" / "misc" / "a.hpp", "")
    assert len(upward_imports(tmp_path / "pynn")) == 1
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
        "<unistd.h>",
        "<sys/mman.h>",
        "<windows.h>",
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


def test_a_model_takes_no_reader_or_writer_of_other_libraries_along(tmp_path: Path) -> None:
    others = ["pynn.formats.c", "pynn.formats.keras", "pynn.formats.onnx_reader", "pynn.export"]
    code = f"import sys, pynn; pynn.Sequential; print(*{{*{others}}} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("\n", "")
