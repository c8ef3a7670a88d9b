"""Follows CONTRIBUTING.md's "How to add": ``python tests/recipes/run.py`` from anywhere.

Copies the tree, puts the page's blocks where they say, builds one instruction set, runs the tests
that concern what was added, and counts the files that were touched. Exits with an error unless
each recipe touches as many as the page says and everything passes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGE = "CONTRIBUTING.md"
# How many files each recipe may touch, of those that the page has blocks for.
N_FILES = {"activation": 3, "loss": 3, "optimizer": 3, "metric": 1, "layer": 2, "op": 5}
# What takes its cases from declarations and from the engine's lists, in two parts that take as long
# and run at once. Trainings take long for each name: those of the new names are enough.
TESTS = [
    (
        "tests/kernels/test_activations.py tests/kernels/test_losses.py "
        "tests/kernels/test_optimizers.py tests/kernels/test_accumulation.py "
        "tests/test_activations.py tests/losses tests/metrics tests/optimizers tests/layers "
        "tests/saving/test_keras_files.py tests/test_layering.py tests/test_public_names.py"
    ).split(),
    "tests/ops tests/surface/test_surface.py tests/test_declarations.py".split(),
]
TRAININGS = (
    "tests/training/test_engine_epoch.py tests/training/test_engine_losses.py "
    "tests/training/test_engine_sparse.py"
).split()
NEW = "wave"  # in the names of all that is trained

RECIPE = re.compile(r"^\*\*An? (\w+)\*\* \((\d+) files?\b", re.MULTILINE)
BLOCK = re.compile(r"^`([\w/.]+)`(, new)?:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PUBLIC = re.compile(r"^(?:def|class) ([A-Za-z]\w*)", re.MULTILINE)

# An editable installation, as CI's, would find the checkout's modules before those of the tree.
RUN_TESTS = """
import sys
sys.meta_path[:] = [each for each in sys.meta_path if "ScikitBuild" not in type(each).__name__]
import pynn, pytest
tree, *arguments = sys.argv[1:]
assert pynn.__file__.startswith(tree), pynn.__file__
sys.exit(pytest.main(arguments))
"""


class Block(NamedTuple):
    """What the page puts into a file."""

    path: str
    is_new: bool
    text: str


class Recipe(NamedTuple):
    """How to add one kind of thing."""

    kind: str
    n_files: int
    blocks: list[Block]


def recipes(page: str) -> Iterator[Recipe]:
    """Yield the recipes of the page that have blocks."""
    starts = list(RECIPE.finditer(page))
    ends = [*[start.start() for start in starts[1:]], len(page)]
    for start, end in zip(starts, ends, strict=True):
        found = BLOCK.findall(page[start.start() : end])
        blocks = [Block(path, bool(new), text) for path, new, text in found]
        yield Recipe(start[1], int(start[2]), blocks)


def follow(block: Block, tree: Path) -> None:
    """Put a block into its file."""
    path = tree / block.path
    if block.is_new:
        assert not path.exists(), f"{block.path} is there already"
        path.write_text(block.text)
        return
    text = path.read_text()
    if path.suffix == ".py" and path.name != "__init__.py":
        names = "".join(f'"{name}", ' for name in PUBLIC.findall(block.text))
        assert not names or "__all__ = [" in text, f"{block.path} has no __all__"
        text = text.replace("__all__ = [", f"__all__ = [{names}", 1)
    gap = "\n\n" if path.suffix == ".py" else ""
    path.write_text(f"{text}{gap}{block.text}")


def copied(to: Path) -> None:
    """Copy what git knows, or would."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def changed(tree: Path) -> set[str]:
    """Return the files of a tree that are not in the checkout, or are otherwise there."""
    files = (path for path in tree.rglob("*") if path.is_file())
    names = {str(path.relative_to(tree)) for path in files}
    return {
        name
        for name in names
        if not (ROOT / name).is_file() or (ROOT / name).read_bytes() != (tree / name).read_bytes()
    }


def run(command: list[str], tree: Path, **environment: str) -> None:
    """Run a command in a tree, and stop if it fails."""
    print("+", " ".join(command), flush=True)
    subprocess.run(command, cwd=tree, check=True, env={**os.environ, **environment})


def main() -> None:
    """Follow the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--isa", default="avx2", help="the instruction set to build")
    parser.add_argument("--keep", help="a folder for the copy, which is kept")
    arguments = parser.parse_args()
    known = list(recipes((ROOT / PAGE).read_text()))
    assert {recipe.kind: recipe.n_files for recipe in known} == N_FILES
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(arguments.keep or temporary)
        copied(tree)
        touched: set[str] = set()
        for recipe in known:
            for block in recipe.blocks:
                follow(block, tree)
            paths = {block.path for block in recipe.blocks}
            print(f"{recipe.kind}: {', '.join(sorted(paths))}", flush=True)
            assert len(paths) == recipe.n_files, f"{recipe.kind}: not as the page says"
            touched |= paths
        assert changed(tree) == touched
        # Built once, as a wheel is.
        options = [f"-DPYNN_ONLY_ISA={arguments.isa}", "-DPYNN_MERGE_UNITS=ON"]
        run(["cmake", "-S", ".", "-B", "build", *options], tree)
        run(["cmake", "--build", "build", "--parallel"], tree)
        for module in (tree / "build").glob("*.so"):
            shutil.copy2(module, tree / "pynn")
        here = {"PYTHONPATH": str(tree), "PYNN_ISA": arguments.isa}
        tests = [sys.executable, "-c", RUN_TESTS, str(tree), "-q"]
        with ThreadPoolExecutor(len(TESTS)) as pool:
            parts = [pool.submit(run, [*tests, *part], tree, **here) for part in TESTS]
        for part in parts:
            part.result()
        run([*tests, *TRAININGS, "-k", NEW], tree, **here)


if __name__ == "__main__":
    main()
