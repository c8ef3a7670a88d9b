"""Larger batches: fewer steps, the same products. The textbook network with Adam."""

from __future__ import annotations

from measuring.answers import Answer, find, ratio_figures, share_figure, timing_table
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "784-300-100-10, Adam, batches of 256 and 1,024, an epoch"
_PEERS = ("JAX scan", "PyTorch eager", "NumPy by hand", "Keras on JAX")


def answer(lab: Lab) -> Answer:
    tables, figures, everything = [], [], []
    for batch in (256, 1024):
        work = Training(optimizer="adam", rate=0.001, batch=batch)
        measured = lab.measure(lab.everybody(work, [PYNN[0], *_PEERS]))
        both = find(measured, PYNN[0], lab.threads)
        tables.append(timing_table(f"Batch {batch}", measured, both))
        figures.append(share_figure(both, 0.8, f"batch {batch}"))
        figures += ratio_figures(measured, both, {"JAX scan": 1.3}, f"batch {batch}")
        everything += measured
    return Answer(
        "batches",
        TITLE,
        tables,
        figures,
        everything,
        "62 GFLOP as for batches of 32, with an eighth and a thirty-second of the steps of the "
        "optimizer and of the barriers. What is left beside the products is gathering and "
        "transposing 172 MB of rows, and copying the hidden layers row by row for the gradients.",
    )
