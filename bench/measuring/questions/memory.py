"""Data larger than what a process may hold: is it ever copied as a whole?"""

from __future__ import annotations

from measuring.answers import Answer, Figure, Table, number
from measuring.lab import Contender, Lab
from measuring.peers import PYNN
from measuring.work import Memory

TITLE = "Rows mapped from a file, 784-300-100-10, SGD, an epoch"
_BYTES = 8 * 2**30
_QUICK_BYTES = 2**28
_MOST = 200e6


def answer(lab: Lab) -> Answer:
    size = _QUICK_BYTES if lab.quick else _BYTES
    cases = {"float32": size // (784 * 4), "uint8": size // (784 * 4)}
    measured = []
    for file_type, rows in cases.items():
        lab.end()  # a process of its own, so that only this is in its memory
        work = Memory(file_type, rows)
        entry = Contender(PYNN[0], work, lab.threads, label=f"{file_type}, {rows:,} rows")
        measured += lab.measure([entry], 1, peaks=False)
    return Answer(
        "memory",
        TITLE,
        [
            Table(
                TITLE,
                ["", "GB of rows", "s", "MB beside the page cache"],
                [
                    [
                        m.name,
                        number(m.work["rows"] * 784 * (4 if "float" in m.name else 1) / 1e9),
                        number(m.seconds[0]),
                        number(m.values[0] / 1e6),
                    ]
                    for m in measured
                    if m.values
                ],
            )
        ],
        [
            Figure(f"{m.name}, MB beside the page cache", _MOST / 1e6, m.median / 1e6, False, "MB")
            for m in measured
        ],
        measured,
        "Rows are gathered where they lie, a batch at a time; labels, one byte a row, and the "
        "shuffled order, four or eight bytes a row, are all that grows.",
    )
