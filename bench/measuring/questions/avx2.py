"""The textbook epoch on machines without AVX-512: PYNN_ISA=avx2, beside AVX2's own peak."""

from __future__ import annotations

from measuring.answers import Answer, share_answer
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "784-300-100-10, batch 32, SGD, AVX2 forced, an epoch"


def answer(lab: Lab) -> Answer:
    return share_answer(
        "avx2",
        TITLE,
        lab.measure(lab.everybody(Training(), [PYNN[0]], isa="avx2")),
        PYNN[0],
        0.8,
        "A tile of six rows and two vectors of eight: for twelve FMAs it loads two vectors and "
        "broadcasts six numbers, eight loads in the six cycles that two FMA units take; two loads "
        "a cycle leave a third of the load slots for everything else.",
    )
