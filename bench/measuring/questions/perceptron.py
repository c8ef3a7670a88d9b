"""Rosenblatt's perceptron beside scikit-learn's, dense and sparse, one thread."""

from __future__ import annotations

from measuring.answers import Answer, ratio_figures, timing_table
from measuring.lab import Contender, Lab
from measuring.work import PerceptronEpochs

TITLE = "Perceptron, five epochs"
_DATA = {
    "fashion-60000": ("60,000 × 784 dense, ten classes", 2.0),
    "csr-100000-10000-50": ("100,000 × 10,000 CSR, 50 entries a row, two classes", 1.2),
}


def answer(lab: Lab) -> Answer:
    tables, figures, everything = [], [], []
    for data, (title, times) in _DATA.items():
        work = PerceptronEpochs(data)
        measured = lab.measure(
            [Contender(peer, work, 1) for peer in ("pynn estimator", "scikit-learn")]
        )
        tables.append(timing_table(title, measured))
        figures += ratio_figures(measured, measured[0], {"scikit-learn": times}, title)
        everything += measured
    return Answer(
        "perceptron",
        TITLE,
        tables,
        figures,
        everything,
        "One row after the other, and each must know the weights that the one before has left: "
        "a dense row is a dot product of 784 numbers per class, and twice as much where it errs. "
        "A sparse row reads 50 weights scattered over 40 KB.",
    )
