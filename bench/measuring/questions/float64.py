"""The textbook epoch in double precision."""

from __future__ import annotations

from measuring.answers import Answer, find, share_figure, timing_table
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "784-300-100-10, batch 32, SGD, float64, an epoch"


def answer(lab: Lab) -> Answer:
    work = Training(dtype="float64")
    measured = lab.measure(lab.everybody(work, [PYNN[0], "NumPy by hand", "scikit-learn"]))
    return Answer(
        "float64",
        TITLE,
        [timing_table(TITLE, measured)],
        [
            share_figure(find(measured, PYNN[0], threads), 0.75, f"{threads} thread(s)")
            for threads in lab.counts
        ],
        measured,
        "62 GFLOP at half the peak of float32, with twice the bytes: 2.1 MB of weights do not fit "
        "the second-level cache of one core.",
    )
