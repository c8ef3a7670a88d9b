"""What is counted of a training step."""

from __future__ import annotations

import itertools
import types

import pytest
import table_steps


def test_operations_are_those_of_the_products() -> None:
    model, _ = table_steps.plain((256, 1))
    assert table_steps.operations(model) == 2 * (2 * 10 * 256 + 3 * 256)


def test_shares_are_of_the_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    # A clock of seconds and a peak between two readings, so that no neighbour changes the shares.
    seconds, readings = itertools.count(), itertools.cycle([90.0, 110.0])
    clock = types.SimpleNamespace(perf_counter=lambda: float(next(seconds)))
    monkeypatch.setattr(table_steps, "time", clock)
    monkeypatch.setattr(table_steps._core, "measure_peak", lambda *_: next(readings))
    given = table_steps.preset("realmlp"), table_steps.plain((256, 256, 256, 1))
    work = [3 * table_steps.operations(model) * table_steps.ROWS for model, _ in given]
    assert table_steps.shares("realmlp", 1, 3.0) == pytest.approx([w / 100e9 for w in work])
