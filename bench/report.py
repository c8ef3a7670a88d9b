"""Medians of interleaved epochs, as a Markdown table: what the README's figures are made with.

One round trains an epoch with everybody, one after the other, and measures the FMA peak beside
them; the table has the medians over the rounds. Machines drift, so only figures of one run compare.

usage: python bench/report.py [--rounds N] [--networks fashion california]
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import sklearn
from _networks import BATCH, NETWORKS, PEERS, Network
from threadpoolctl import threadpool_info, threadpool_limits

import pynn
from pynn import _core

_PEAK_SECONDS = 0.2
# Epochs that a sample repeats, so that short ones are long against the clock and the scheduler.
_SAMPLE_SECONDS = 0.3


@dataclass
class Contender:
    """A row of the table: ``threads`` is what pynn and BLAS may use."""

    name: str
    run: Callable[[], None]
    threads: int
    repeats: int = 1
    seconds: list[float] = field(default_factory=list)

    def sample(self) -> float:
        """Train ``repeats`` epochs and return the seconds that one took."""
        pynn.set_num_threads(self.threads)
        with threadpool_limits(self.threads, user_api="blas"):
            start = time.perf_counter()
            for _ in range(self.repeats):
                self.run()
            return (time.perf_counter() - start) / self.repeats

    def warm_up(self) -> None:
        if self.sample() < _SAMPLE_SECONDS:  # the first time includes making plans
            self.repeats = max(1, round(_SAMPLE_SECONDS / self.sample()))

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def contenders(network: Network, counts: list[int]) -> list[Contender]:
    found = []
    for name, make in PEERS.items():
        peer = make(network)
        found += [Contender(f"{name}, {plural(n)}", peer.epoch, n) for n in counts]
    return found


def plural(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def measure(
    network: Network, rounds: int, counts: list[int]
) -> tuple[list[Contender], dict[int, float]]:
    """Run the rounds; return the rows, and the median FMA peak in GFLOP/s by number of threads."""
    rows = contenders(network, counts)
    for row in rows:
        row.warm_up()
    peaks: dict[int, list[float]] = {n: [] for n in counts}
    for _ in range(rounds):
        for row in rows:
            row.seconds.append(row.sample())
        for n in counts:
            peaks[n].append(_core.measure_peak(_PEAK_SECONDS, n))
    return rows, {n: statistics.median(measured) for n, measured in peaks.items()}


def print_table(network: Network, rows: list[Contender], peaks: dict[int, float]) -> None:
    best = {
        name: min(row.median for row in rows if row.name.startswith(name))
        for name in ("NumPy by hand", "scikit-learn")
    }
    sizes = "-".join(map(str, network.sizes))
    print(
        f"\n{sizes} on {network.name}, {len(network.x):,} rows, SGD, batch {BATCH}. FMA peak: ",
        end="",
    )
    print(", ".join(f"{peak:.0f} GFLOP/s on {plural(n)}" for n, peak in peaks.items()) + ".\n")
    print("| | s per epoch | µs per step | GFLOP/s | of the FMA peak | NumPy | scikit-learn |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        rate = network.flops_per_epoch / row.median / 1e9
        ratios = " | ".join(f"{seconds / row.median:.2f} ×" for seconds in best.values())
        print(
            f"| {row.name} | {row.median:.4f} | {1e6 * row.median / network.steps:.2f} "
            f"| {rate:.1f} | {100 * rate / peaks[row.threads]:.0f}% | {ratios} |"
        )


def print_summary(results: list[tuple[Network, list[Contender], dict[int, float]]]) -> None:
    """Print the README's table: pynn's rows, and the best of each of the others."""
    header, lines = "| |", {}
    for network, rows, peaks in results:
        header += f" {'-'.join(map(str, network.sizes))}, s per epoch | of the FMA peak |"
        for name in PEERS:
            found = [row for row in rows if row.name.startswith(name)]
            if not name.startswith("pynn"):
                found = [min(found, key=lambda row: row.median)]
            for row in found:
                title = row.name if name.startswith("pynn") else name
                share = network.flops_per_epoch / row.median / 1e9 / peaks[row.threads]
                cells = f" {row.median:.3g} | {100 * share:.0f}% |"
                lines[title] = lines.get(title, f"| {title} |") + cells
    print("\nSummary\n", header, "|---" * (header.count("|") - 1) + "|", *lines.values(), sep="\n")


def print_machine(rounds: int) -> None:
    blas = ", ".join(
        f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', 'unknown')} kernels)"
        for pool in threadpool_info()
        if pool["user_api"] == "blas" and "numpy" in pool["filepath"]
    )
    print(
        f"pynn {pynn.__version__} ({_core.isa()}), Python {platform.python_version()}, "
        f"NumPy {np.__version__} on {blas}, scikit-learn {sklearn.__version__}.\n"
        f"Medians of {rounds} interleaved rounds. The last two columns: how many times as fast as "
        "NumPy and scikit-learn, each on the number of threads that suits it best."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    args = parser.parse_args()
    counts = sorted({1, _core.num_threads()})
    print_machine(args.rounds)
    results = []
    for name in args.networks:
        network = NETWORKS[name]()
        results.append((network, *measure(network, args.rounds, counts)))
        print_table(*results[-1])
    print_summary(results)


if __name__ == "__main__":
    main()
