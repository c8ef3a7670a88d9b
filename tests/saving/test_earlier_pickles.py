"""All that a pickle of version 0.1.0 can name is still found.

names_in_pickles_of_0_1_0.txt holds the modules and names that pickles of that version's models,
estimators, wrappers, callbacks, losses and so on held.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import pynn

NAMES = Path(__file__).with_name("names_in_pickles_of_0_1_0.txt").read_text().split("\n")[:-1]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found(name: str) -> None:
    module, name = name.split()
    found = getattr(importlib.import_module(module), name)
    public = sys.modules[module.rpartition(".")[0]]
    if name in getattr(public, "__all__", ()) and public is not pynn.wrappers:
        assert found is getattr(public, name)


def test_only_modules_that_were_there_are_found() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'pynn.layers._lstm'"):
        importlib.import_module("pynn.layers._lstm")
    with pytest.raises(AttributeError):
        importlib.import_module("pynn.layers._relu").LSTM  # noqa: B018
