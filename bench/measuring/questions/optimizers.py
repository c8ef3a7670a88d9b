"""What do optimizers with state cost beside plain SGD? The textbook network, batch 32."""

from __future__ import annotations

from dataclasses import replace

from measuring.answers import Answer, Figure, ratio_figures, timing_table
from measuring.lab import Contender, Lab, threads_of
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "784-300-100-10, batch 32, by optimizer, an epoch"
_STATEFUL = ("momentum", "rmsprop", "adam", "adamw", "nadam")
_TIMES = {"JAX scan": 2.0, "PyTorch eager": 8.0, "NumPy by hand": 8.0}
_MOST = 1.35  # times plain SGD
_MOST_ADAM = 0.65 / 0.42  # on one thread


def answer(lab: Lab) -> Answer:
    entries = []
    for optimizer in ("sgd", *_STATEFUL):
        work = replace(Training(), optimizer=optimizer, rate=0.01 if optimizer == "sgd" else 0.001)
        for threads in lab.counts:
            entry = Contender(PYNN[0], work, threads)
            entries.append(replace(entry, label=f"pynn {optimizer}, {threads_of(entry)}"))
    adam = Training(optimizer="adam", rate=0.001)
    entries += [
        replace(entry, label=f"{entry.name}, adam") for entry in lab.everybody(adam, list(_TIMES))
    ]
    measured = lab.measure(entries)
    ours = {(m.work["optimizer"], m.threads): m for m in measured if m.peer == PYNN[0]}

    def times_sgd(optimizer: str, threads: int) -> float:
        return ours[optimizer, threads].median / ours["sgd", threads].median

    return Answer(
        "optimizers",
        TITLE,
        [timing_table(TITLE, measured, ours["sgd", lab.threads])],
        [
            *(
                Figure(
                    f"{name}, {lab.threads} threads, times SGD",
                    _MOST,
                    times_sgd(name, lab.threads),
                    False,
                    "×",
                )
                for name in _STATEFUL
            ),
            Figure("adam, 1 thread, times SGD", _MOST_ADAM, times_sgd("adam", 1), False, "×"),
            *ratio_figures(measured, ours["adam", lab.threads], _TIMES, "adam"),
        ],
        measured,
        "Each step reads and writes 266,610 weights and their state: 1.07 MB of weights, as much "
        "of momentum, twice as much of Adam's moments. Three arrays are 3.2 MB: more than a core's "
        "second-level cache, so one thread streams them from the third, 6.4 MB a step both ways; "
        "a square root and a division for each weight come on top (sixteen at a time, about 16 "
        "cycles together).",
    )
