"""Training and prediction on a machine that others use: are two threads ever worse than one?

With 0 to 8 busy processes beside it pynn trains the textbook's network for images (12,800 rows,
batches of 32 and of 256, SGD and Adam) and predicts 20,000 rows: as it chooses itself, on one
thread, and on all threads whatever it measures. Medians of interleaved rounds, in milliseconds an
epoch or a call. The last column is how fast its own choice is beside the better one of the others;
the least of them is printed in the end.

With --peers those that are installed train beside the same processes: 3,200 rows, batches of 32,
plain SGD, all threads that they like, in one round.

usage: python bench/busy.py [--neighbours 0 1 2 4 8] [--rounds N] [--seconds S] [--threads N]
                            [--peers]
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence

from measuring.answers import Measurement
from measuring.lab import Contender, Lab, busy_neighbours
from measuring.peers import PEERS, PYNN
from measuring.work import Prediction, Training, Work

import pynn
from pynn import _core

_EVERY = "every worker"
_PEERS = (PYNN[0], "scikit-learn", "NumPy by hand", "PyTorch eager", "JAX scan")
_ROWS, _PEERS_ROWS = 12800, 3200


def cases() -> dict[str, Work]:
    """Return what is measured, by name."""
    found: dict[str, Work] = {}
    for optimizer, rate in (("sgd", 0.01), ("adam", 0.001)):
        for batch in (32, 256):
            found[f"{optimizer}, batch {batch}"] = Training(
                rows=_ROWS, optimizer=optimizer, batch=batch, rate=rate
            )
    found["predict"] = Prediction(rows=20000)
    return found


def own_choice(lab: Lab, neighbours: Sequence[int]) -> None:
    """Print pynn's table."""
    header = "| busy processes | | default | 1 thread | all threads | × the better |"
    print(header + "\n" + "|---" * 6 + "|")
    worst = (float("inf"), "")
    for count in neighbours:
        with busy_neighbours(count):
            for name, work in cases().items():
                contenders = [
                    Contender(PYNN[0], work, lab.threads),
                    Contender(PYNN[0], work, 1),
                    Contender(_EVERY, work, lab.threads),
                ]
                medians = [m.median for m in lab.measure(contenders, peaks=False)]
                ratio = min(medians[1:]) / medians[0]
                worst = min(worst, (ratio, f"{name} beside {count}"))
                figures = " | ".join(f"{1e3 * median:.1f}" for median in medians)
                print(f"| {count} | {name} | {figures} | {ratio:.2f} |", flush=True)
    print(f"\nThe least: {worst[0]:.2f} ({worst[1]}).\n")


def peers(lab: Lab, neighbours: Sequence[int]) -> None:
    """Print the table of everybody who is installed."""
    work = Training(rows=_PEERS_ROWS)
    there = [name for name in _PEERS if not PEERS[name].missing]
    print(f"{_PEERS_ROWS:,} rows, ms an epoch:\n")
    print(f"| busy processes | {' | '.join(there)} |\n" + "|---" * (1 + len(there)) + "|")
    for count in neighbours:
        with busy_neighbours(count):
            contenders = [Contender(name, work, lab.threads) for name in there]
            measured: list[Measurement] = lab.measure(contenders, rounds=1, peaks=False)
        print(f"| {count} | {' | '.join(f'{1e3 * m.median:.0f}' for m in measured)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neighbours", type=int, nargs="+", default=[0, 1, 2, 4, 8])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.8, help="of a sample, about")
    parser.add_argument("--threads", type=int, default=_core.num_threads())
    parser.add_argument("--peers", action="store_true")
    args = parser.parse_args()
    processors = len(os.sched_getaffinity(0))
    print(
        f"pynn {pynn.__version__} ({_core.isa()}), Python {platform.python_version()}, "
        f"{args.threads} threads, {processors} processors.\n"
    )
    lab = Lab(args.rounds, args.threads, sample_seconds=args.seconds)
    try:
        own_choice(lab, args.neighbours)
        if args.peers:
            peers(lab, args.neighbours)
    finally:
        lab.end()


if __name__ == "__main__":
    main()
