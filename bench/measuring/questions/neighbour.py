"""With another process on one of the processors: are two threads ever worse than one?"""

from __future__ import annotations

import os
from dataclasses import replace

from measuring.answers import Answer, Figure, find, timing_table
from measuring.lab import Lab, busy_neighbours
from measuring.peers import PYNN
from measuring.work import SMALL_TRAINING, Training

TITLE = "A busy neighbour on one processor"
_LEAST = 0.9


def answer(lab: Lab) -> Answer:
    cases = {
        "784-300-100-10, batch 32, SGD": Training(),
        "784-300-100-10, batch 32, Adam": Training(optimizer="adam", rate=0.001),
        "784-300-100-10, batch 256, SGD": replace(Training(), batch=256),
        "8-30-1, batch 32, SGD": SMALL_TRAINING,
    }
    tables, figures, everything = [], [], []
    with busy_neighbours(1, min(os.sched_getaffinity(0))):
        for title, work in cases.items():
            measured = lab.measure(lab.everybody(work, [PYNN[0]]), peaks=False)
            one, both = (find(measured, PYNN[0], n) for n in (1, lab.threads))
            tables.append(timing_table(title, measured, one))
            figures.append(
                Figure(f"{title}, speed of two threads", _LEAST, one.median / both.median, unit="×")
            )
            everything += measured
    return Answer(
        "neighbour",
        TITLE,
        tables,
        figures,
        everything,
        "One thread has a processor to itself, for the neighbour stays on its own. The second "
        "thread gets half of the other one, in slices of milliseconds: the engine measures "
        "how long a step takes on either number of threads and keeps to the better one.",
    )
