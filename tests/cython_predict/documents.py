"""The code of docs/cython.md, for tests that run it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def code_in(language: str) -> str:
    """Return the page's only block of that kind."""
    text = (ROOT / "docs" / "cython.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return str(block)
