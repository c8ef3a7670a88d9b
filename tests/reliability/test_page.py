"""docs/reliability.md and SECURITY.md name tests that there are, and all kinds of long ones."""

from __future__ import annotations

import re
from pathlib import Path

from reliability.kinds import KINDS
from reliability.test_bounded import COUNTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_kinds_are_named() -> None:
    named = set(re.findall(r"`long.py (\w+)`", PAGE))
    assert named == set(KINDS) == set(COUNTS)


def test_files_are_there() -> None:
    files = re.findall(r"`((?:tests/)?[\w/]+\.py)`", PAGE)
    assert len(files) > 15
    for file in files:
        folder = ROOT if file.startswith("tests/") else Path(__file__).parent
        if file == "hostile.py":
            folder = ROOT / "tests" / "saving"
        assert (folder / file).exists(), file
