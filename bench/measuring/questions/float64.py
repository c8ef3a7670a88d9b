"""The textbook epoch in double precision."""

from __future__ import annotations

from measuring.answers import Answer, share_answer
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "784-300-100-10, batch 32, SGD, float64, an epoch"
_PEERS = [PYNN[0], "NumPy by hand", "scikit-learn"]


def answer(lab: Lab) -> Answer:
    return share_answer(
        "float64",
        TITLE,
        lab.measure(lab.everybody(Training(dtype="float64"), _PEERS)),
        PYNN[0],
        0.75,
        "62 GFLOP at half the peak of float32, with twice the bytes: 2.1 MB of weights do not fit "
        "the second-level cache of one core.",
    )
