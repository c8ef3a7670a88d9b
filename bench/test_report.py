"""Does the report run, with whichever peers are installed? Nothing here is timed to be quoted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from measuring import answers, questions
from measuring.peers import PEERS
from measuring.work import PIECES

BENCH = Path(__file__).parent


def test_quick_report_keeps_its_answers(tmp_path: Path) -> None:
    rows = ["small", "perceptron", "fits"]
    kept = tmp_path / "answers.json"
    command = [sys.executable, str(BENCH / "report.py"), "--quick", "--rows", ",".join(rows)]
    done = subprocess.run(
        [*command, "--json", str(kept)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stderr, done.stderr
    stored = json.loads(kept.read_text(encoding="utf-8"))["answers"]
    assert list(stored) == rows
    for answer in stored.values():
        answer.pop("measured")
        restored = answers.Answer.from_json(answer)
        assert restored.figures and all(m.seconds for m in restored.measurements)
        for title in (t.title for t in restored.tables):
            assert title in done.stdout


def test_report_names_peers_that_are_not_installed(tmp_path: Path) -> None:
    missing = [name for name, peer in PEERS.items() if peer.missing]
    done = subprocess.run(
        [sys.executable, str(BENCH / "report.py"), "--quick", "--rows", "avx2"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for name in missing:
        assert f"Missing: {name} (" in done.stdout


@pytest.mark.parametrize("name", questions.NAMES)
def test_every_question_has_a_title(name: str) -> None:
    module = questions.load(name)
    assert module.TITLE and callable(module.answer)


def test_pieces_of_work_have_verbs_of_their_own() -> None:
    verbs = [piece.verb for piece in PIECES.values()]
    assert len(set(verbs)) == len(verbs)
    assert all(any(f.name == "dtype" for f in fields(piece)) for piece in PIECES.values())


def test_a_figure_says_by_how_much_it_is_missed() -> None:
    assert answers.Figure("a", 2.0, 1.0).missing == "missed by 50%"
    assert answers.Figure("a", 2.0, 1.0, at_least=False).missing == ""
    assert answers.Figure("a", 1.0, 1.25, at_least=False).missing == "missed by 25%"
    assert answers.Figure("a", 1.0, float("nan")).missing == "not measured"
