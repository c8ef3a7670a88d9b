"""How long is an epoch of the textbook network, 784-300-100-10 on Fashion-MNIST, SGD, batch 32?

pynn and Keras shuffle and report loss and accuracy; NumPy, PyTorch and JAX only shuffle and train.
"""

from __future__ import annotations

from measuring.answers import Answer, find, ratio_figures, share_figure, timing_table
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "784-300-100-10, batch 32, SGD, an epoch of 55,000 rows"
_TIMES = {
    "JAX scan": 3.5,
    "NumPy by hand": 5,
    "Keras on JAX": 5,
    "PyTorch eager": 5.5,
    "scikit-learn": 10,
    "Keras on TensorFlow": 12,
}


def answer(lab: Lab) -> Answer:
    measured = lab.measure(lab.everybody(Training(), [*PYNN, *_TIMES]))
    one, both = find(measured, PYNN[0], 1), find(measured, PYNN[0], lab.threads)
    return Answer(
        "epoch",
        TITLE,
        [timing_table(TITLE, measured, both)],
        [
            share_figure(one, 0.85, "1 thread"),
            share_figure(both, 0.75, f"{lab.threads} threads"),
            *ratio_figures(measured, both, _TIMES, f"{lab.threads} threads"),
        ],
        measured,
        "62 GFLOP an epoch: 36.1 MFLOP a step, of which the first layer's forward product and "
        "weight gradient are 30.1. A step of two threads has a handful of barriers, each about "
        "half a microsecond, and what one worker does alone: the last layer and the loss.",
    )
