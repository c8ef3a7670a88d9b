"""How tables are divided among contestants, and what is reported of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tables
from _tables_data import Table


def table(classifies: bool) -> Table:
    rng = np.random.default_rng(0)
    x = pd.DataFrame(
        {"a": rng.normal(size=1000), "b": pd.Categorical(rng.choice(list("xy"), 1000))}
    )
    y = rng.integers(0, 2, 1000) if classifies else rng.normal(3.0, 2.0, 1000)
    return Table(x, y, classifies)


@pytest.mark.parametrize("classifies", [True, False])
def test_a_split_has_the_same_rows_for_everybody(classifies: bool) -> None:
    first, again = (tables.split(table(classifies), 0, 400) for _ in range(2))
    assert [len(y) for y in first.y] == [400, 100, 200]
    assert first.categories == ["b"]
    for x, y, x2, y2 in zip(first.x, first.y, again.x, again.y, strict=True):
        pd.testing.assert_frame_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
    if classifies:
        assert abs(first.y[0].mean() - first.y[2].mean()) < 0.01
    else:
        assert (abs(first.y[0].mean()), first.y[0].std()) == pytest.approx((0.0, 1.0))


def test_reports_are_of_what_all_have_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def line(contestant: str, name: str, error: float, **more: object) -> str:
        found = {"set": name, "contestant": contestant, "seed": 0, "rows": 2000, "error": error}
        return json.dumps({**found, "cpu": 2.5, "rows_trained": 2500, **more})

    results = [
        line("LightGBM", "adult", 0.15),
        line("pynn mlp", "adult", 0.14),
        line("LightGBM", "wine", 0.6),
        line("pynn mlp", "wine", 0.5, failed="no memory"),
    ]
    (tmp_path / "results.jsonl").write_text("\n".join(results))
    monkeypatch.setattr(tables, "RESULTS", tmp_path / "results.jsonl")
    picture = tmp_path / "tables.svg"
    tables.report(["LightGBM", "pynn mlp"], 2000, picture)
    printed = capsys.readouterr().out
    assert "classification error: 1 sets" in printed and "nRMSE" not in printed
    assert "| pynn mlp | 0.14 | 1 | 1 | 1 |" in printed
    assert picture.read_text().count("LightGBM") > 0


def test_a_table_that_is_not_there_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str) -> Table:
        raise FileNotFoundError(name)

    results = tmp_path / "results.jsonl"
    for name, value in (("RESULTS", results), ("download", lambda: None), ("load", load)):
        monkeypatch.setattr(tables, name, value)
    with pytest.raises(FileNotFoundError, match="california"):
        tables.run(["california"], ["LightGBM"], [0], 2000)
    assert not results.exists()
