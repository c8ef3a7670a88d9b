"""Prediction of many rows: 10,000 × 784-300-100-10."""

from __future__ import annotations

from measuring.answers import Answer, Figure, find, share_figure, timing_table
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import Prediction

TITLE = "Forward alone, 10,000 rows of 784-300-100-10"
_PEERS = ("ONNX Runtime", "PyTorch eager", "NumPy by hand")


def answer(lab: Lab) -> Answer:
    measured = lab.measure(lab.everybody(Prediction(), [*PYNN, *_PEERS, "JAX scan"]))
    figures = []
    for threads in lab.counts:
        ours = find(measured, PYNN[0], threads)
        best = min(find(measured, peer, threads).median for peer in _PEERS)
        figures += [
            share_figure(ours, 0.85, f"{threads} thread(s)"),
            Figure(
                f"{threads} thread(s) vs. the best of {', '.join(_PEERS)}",
                1.5,
                best / ours.median,
                unit="×",
                at_peak=best / ours.median / (ours.share or float("nan")),
            ),
        ]
    return Answer(
        "forward",
        TITLE,
        [timing_table(TITLE, measured, find(measured, PYNN[0], lab.threads), "ms")],
        figures,
        measured,
        "5.3 GFLOP. The rows are 31 MB, read once and transposed 16 × 16 on the way in; the "
        "weights, 1.07 MB, are read again for every piece of 128 rows. At 85% of the peak only a "
        "peer below 57% of it could be beaten by half: a well-tuned BLAS is above.",
    )
