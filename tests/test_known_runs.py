"""The textbook's results on California housing; bench/known_runs.py has the longer runs too."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from pynn import datasets

_BENCH = Path(__file__).resolve().parents[1] / "bench"


@pytest.mark.parametrize("name", ["housing", "housing_slow", "wide_deep"])
def test_a_known_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(_BENCH)
    run, known = importlib.import_module("known_runs").RUNS[name]
    try:
        got = run()
    except datasets.DatasetNotFoundError as error:
        pytest.skip(str(error))
    assert known.agrees(got), f"{known.figure} {got:.3f}; {known}"
