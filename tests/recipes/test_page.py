"""The recipes of CONTRIBUTING.md as `run.py` reads them; what it builds and runs is for CI."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.run import N_FILES, PAGE, ROOT, Block, follow, recipes

KNOWN = list(recipes((ROOT / PAGE).read_text()))


def test_the_page_has_every_recipe() -> None:
    assert {recipe.kind: recipe.n_files for recipe in KNOWN} == N_FILES


@pytest.mark.parametrize("recipe", KNOWN, ids=lambda recipe: recipe.kind)
def test_a_recipe_names_its_files(recipe) -> None:
    assert len({block.path for block in recipe.blocks}) == recipe.n_files
    for block in recipe.blocks:
        assert (ROOT / block.path).exists() != block.is_new
        if block.path.endswith(".py"):
            compile(block.text, block.path, "exec")


def test_a_block_goes_to_the_end_and_its_names_into_the_list(tmp_path: Path) -> None:
    (tmp_path / "_a.py").write_text('__all__ = ["b"]\n\n\ndef b():\n    pass\n')
    follow(Block("_a.py", False, "def c():\n    pass\n\n\ndef _d():\n    pass\n"), tmp_path)
    made: dict = {}
    exec((tmp_path / "_a.py").read_text(), made)
    assert made["__all__"] == ["c", "b"]
    assert {"b", "c", "_d"} <= set(made)
