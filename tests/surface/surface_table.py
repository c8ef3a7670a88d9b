"""Writes docs/keras-surface.md: ``PYTHONPATH=.:tests python tests/surface/surface_table.py``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pynn as keras
from surface.surface_absent import ABSENT, OTHERWISE
from surface.surface_attributes import ATTRIBUTES, OLDER
from surface.surface_list import METHODS, SECTIONS
from surface.surface_methods import OWNED
from surface.surface_use import accepts, found

PATH = Path(__file__).resolve().parents[2] / "docs" / "keras-surface.md"
_HEAD = """# The Keras surface that pynn carries

Made from the live package by `tests/surface/surface_table.py`; `tests/surface/test_surface.py` uses
every name and argument below and compares this file with what the package says. With
`import pynn as keras`, each is found under the name that it has here.
"""


def row(name: str, target: Any, arguments: Iterable[str]) -> str:
    """Return a table's row, or raise AssertionError if the package lacks an argument."""
    missing = [argument for argument in arguments if not accepts(target, argument)]
    assert not missing, f"{name} has no argument {', '.join(missing)}"
    return f"| `{name}` | {', '.join(f'`{argument}`' for argument in arguments)} |"


def method(name: str) -> Any:
    """Return a method of models; a call takes what the method `call` does."""
    return getattr(keras.Sequential, "call" if name == "__call__" else name)


def table(title: str, rows: list[str], left: str = "name", right: str = "arguments") -> str:
    """Return a section of the document."""
    return "\n".join([f"## {title}\n", f"| {left} | {right} |", "|---|---|", *rows, ""])


def text() -> str:
    """Return the document."""
    parts = [_HEAD]
    for title, entries in SECTIONS.items():
        arguments: dict[str, dict[str, None]] = {}
        for entry in entries:
            known = arguments.setdefault(entry.name, {})
            known.update(dict.fromkeys([*entry.needed, *entry.others]))
        rows = [row(name, found(name), known) for name, known in arguments.items()]
        parts.append(table(title, rows))
    rows = [row(f"Model.{m.name}", method(m.name), [*m.needed, *m.others]) for m in METHODS]
    rows += [
        row(f"{m.owner}.{m.name}", getattr(m.make(), m.name), [*m.needed, *m.others]) for m in OWNED
    ]
    parts.append(table("Methods", rows))
    rows = [
        f"| {f'`{a.owner}`' if a.owner else ''} | {', '.join(f'`{name}`' for name in a.names)} |"
        for a in ATTRIBUTES
    ]
    parts.append(table("Attributes", rows, "of", "names"))
    rows = [
        f"| `{name}` | {', '.join(f'`{argument}`' for argument in arguments)} |"
        for name, arguments in OLDER.items()
    ]
    parts.append(table("Older arguments, taken with a warning", rows))
    rows = []
    for package, patterns in ABSENT.items():
        for why in dict.fromkeys(patterns.values()):
            names = [
                f"`{package}.{name}`".replace("`.", "`")
                for name in patterns
                if patterns[name] == why
            ]
            rows.append(f"| {', '.join(names)} | {why} |")
    parts.append(table("What Keras has and pynn has not", rows, "names", "why"))
    rows = [f"| {what} | {how} |" for what, how in OTHERWISE.items()]
    parts.append(table("What is otherwise", rows, "of what is there", "how"))
    return "\n".join(parts)


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text())
