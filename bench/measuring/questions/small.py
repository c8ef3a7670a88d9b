"""A network so small that everything but arithmetic counts: 8-30-1 on California housing."""

from __future__ import annotations

from measuring.answers import Answer, Figure, find, ratio_figures, timing_table
from measuring.lab import Lab
from measuring.peers import PYNN
from measuring.work import SMALL_TRAINING

TITLE = "8-30-1, batch 32, SGD, µs a step"
_MICROSECONDS = 0.7
_TIMES = {
    "JAX scan": 7,
    "NumPy by hand": 35,
    "scikit-learn": 200,
    "PyTorch eager": 200,
    "Keras on JAX": 200,
    "Keras on TensorFlow": 2500,
}


def answer(lab: Lab) -> Answer:
    work = SMALL_TRAINING
    measured = lab.measure(lab.everybody(work, [*PYNN, *_TIMES]))
    ours, one = find(measured, PYNN[0]), find(measured, PYNN[0], 1)
    return Answer(
        "small",
        TITLE,
        [timing_table(TITLE, measured, ours, "µs a step", lambda m: work.steps)],
        [
            Figure("a step", _MICROSECONDS, 1e6 * ours.median / work.steps, False, "µs"),
            *ratio_figures(
                measured, ours, {k: v for k, v in _TIMES.items() if k != "Keras on JAX"}, "an epoch"
            ),
        ],
        measured,
        f"A step is {work.operations / work.steps / 1e3:.1f} kFLOP, "
        f"{1e6 * work.operations / work.steps / (one.peak or float('nan')):.2f} µs at the peak of "
        "one thread. In whole vectors it is 1,176 multiply-adds, 0.32 µs at one a cycle of 3.7 "
        "GHz: 480 forward, 512 for the first kernel's gradient (30 units are two vectors), 184 for "
        "the rest. Beside them 200 vectors are stored, one in two cycles, and ten blocks of 16 × "
        "16 are transposed. Sampled, a step spends 0.26 µs in the products, 0.25 in the "
        "gradients of both kernels, where blocks are transposed and the bias's gradient comes "
        "along, 0.1 in the gather and the targets, 0.05 in shuffling its 32 rows, as much in the "
        "loss and its sums, and the rest in the optimizer's steps and a dozen tasks, each in a "
        "function of its own. The design hard-wired for this network, without shuffling, takes "
        "0.72 µs on this machine.",
    )
