"""Many small fits from Python, as a search makes them: 60 of 20-30-1 on 2,000 rows, 20 epochs."""

from __future__ import annotations

from dataclasses import replace

from measuring.answers import Answer, Figure, Table, number
from measuring.lab import Contender, Lab
from measuring.work import Fits, Peak

TITLE = "60 fits of 20-30-1 on 2,000 rows, 20 epochs, Adam, batch 32"
_OURS, _THEIRS = "pynn estimator", "scikit-learn"


def answer(lab: Lab) -> Answer:
    work = Fits()
    measured = lab.measure(
        [
            Contender(_OURS, work, 1),
            Contender(_OURS, replace(work, epochs=1), 1, label="pynn estimator, one epoch"),
            Contender(_OURS, replace(work, python_threads=2), 1, label="pynn, two Python threads"),
            Contender(_THEIRS, replace(work, fits=6), 1),
            Contender("pynn Sequential", Peak(), 1, label="peak of one thread"),
            Contender("pynn Sequential", Peak(), lab.threads, label="peak of two threads"),
        ],
    )
    whole, first, threaded = measured[:3]
    a_fit = {m.name: m.median / m.work["fits"] for m in measured if m.peer in (_OURS, _THEIRS)}
    epoch = (whole.median - first.median) / work.fits / (work.epochs - 1)
    scaling, machine = whole.median / threaded.median, measured[-1].median / measured[-2].median
    return Answer(
        "fits",
        TITLE,
        [
            Table(
                TITLE,
                ["", "ms a fit", "× pynn"],
                [
                    [name, number(1e3 * seconds), number(seconds / a_fit[whole.name])]
                    for name, seconds in a_fit.items()
                ],
            )
        ],
        [
            Figure("a fit", 10.0, 1e3 * a_fit[whole.name], False, "ms"),
            Figure(
                "before the first step and after the last",
                0.5,
                1e3 * (first.median / work.fits - epoch),
                False,
                "ms",
            ),
            Figure(
                f"two Python threads (two threads of FMA: {machine:.2f}×)", 1.8, scaling, unit="×"
            ),
        ],
        measured,
        "1,260 steps of 0.12 MFLOP a fit. What comes before the first step is the difference of a "
        "fit of one epoch and an epoch: checking parameters and rows, drawing weights, making "
        "a plan. In threads, all of this is Python and holds the lock; the epochs follow one "
        "another without it, in one call to the engine.",
    )
