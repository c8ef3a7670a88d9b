"""Is docs/performance.md made from the results beside it, all of them?"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import performance_page as page
from measuring import questions


def test_page_holds_the_tables_of_its_results() -> None:
    machine, found = page.load()
    assert set(found) == set(questions.NAMES)
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text, page.tables(machine, found)) == text
    assert "Not measured" not in text


def test_page_has_a_place_for_every_question_and_plot() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- table (\w+) -->", text)) >= set(questions.NAMES)
    for name in page.PLOTS:
        assert f"(performance/{name}.svg)" in text
        assert page.RESULTS.with_name(f"{name}.svg").exists()


def test_plots_are_drawn_from_results(tmp_path: Path, monkeypatch) -> None:
    shutil.copy(page.RESULTS, tmp_path / "results.json")
    monkeypatch.setattr(page, "RESULTS", tmp_path / "results.json")
    page.draw(page.load()[1])
    drawn = sorted(path.stem for path in tmp_path.glob("*.svg"))
    assert drawn == sorted(page.PLOTS)


def test_a_table_that_was_not_measured_says_so() -> None:
    text = "a\n<!-- table small -->\nold\n<!-- end -->\nb\n"
    assert page.filled(text, {}) == "a\n<!-- table small -->\n\nNot measured.\n\n<!-- end -->\nb\n"
