"""Dropout and batch normalization on networks of middle size, with Adam."""

from __future__ import annotations

from measuring.answers import Answer, find, ratio_figures, timing_table
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "Adam, dropout 0.1, batch normalization, an epoch of 20,000 rows"
_ROWS = 20000
_NETWORKS = ((20, 64, 64, 1), (100, 256, 256, 10))
_TIMES = {"JAX scan": 2, "PyTorch eager": 10}


def answer(lab: Lab) -> Answer:
    tables, figures, everything = [], [], []
    for sizes in _NETWORKS:
        for batch in (32, 256):
            work = Training(
                f"normal-{sizes[0]}-{sizes[-1]}-{_ROWS}",
                _ROWS,
                sizes,
                optimizer="adam",
                batch=batch,
                rate=0.001,
                dropout=0.1,
                batch_norm=True,
            )
            title = f"{'-'.join(map(str, sizes))}, batch {batch}"
            measured = lab.measure(lab.everybody(work, [PYNN[0], *_TIMES]))
            ours = find(measured, PYNN[0])
            tables.append(timing_table(title, measured, ours, "ms"))
            figures += ratio_figures(measured, ours, _TIMES, title)
            everything += measured
    return Answer(
        "regularized",
        TITLE,
        tables,
        figures,
        everything,
        "Beside the products each hidden unit of each row needs a mean and a variance over the "
        "batch, their gradients, and a random number for dropout.",
    )
