"""Test scores and times of training beside scikit-learn's, with default parameters, on real data.

For each seed a set is split and standardised anew, then both train on it, one after the other: the
same rows, the same parameters, the same random state. scikit-learn gets the number of BLAS threads
that suits it on that set, found with the first seed. Machines drift, so only figures of one run
compare.

usage: python bench/quality.py [--seeds N] [--sets iris digits ...]
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sklearn
from _real_data import REAL_DATA, RealData
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import pynn
from pynn import _core


@dataclass
class Contender:
    """One of the two, and what it reached: a figure for each seed."""

    classifier: type
    regressor: type
    blas_threads: int | None = None
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)

    def train(self, split: Split, seed: int) -> tuple[Any, float]:
        make = self.classifier if split.classifies else self.regressor
        estimator = make(random_state=seed)
        with warnings.catch_warnings(), threadpool_limits(self.blas_threads, user_api="blas"):
            warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs are the default
            start = time.perf_counter()
            estimator.fit(split.x, split.y)
            return estimator, time.perf_counter() - start

    def run(self, split: Split, seed: int) -> None:
        estimator, seconds = self.train(split, seed)
        self.seconds.append(seconds)
        self.epochs.append(estimator.n_iter_)
        self.scores.append(estimator.score(split.x_test, split.y_test))

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores))

    @property
    def error(self) -> float:
        """The standard error of the mean score."""
        return standard_error(self.scores)


@dataclass
class Split:
    """Training and test rows, standardised by the training rows; so are numbers to be predicted."""

    data: RealData
    seed: int

    def __post_init__(self) -> None:
        x, x_test, y, y_test = train_test_split(
            self.data.x, self.data.y, random_state=self.seed, stratify=self._strata()
        )
        scaler = StandardScaler().fit(x)
        self.x, self.x_test = scaler.transform(x), scaler.transform(x_test)
        if not self.classifies:
            mean, scale = y.mean(axis=0), y.std(axis=0)
            y, y_test = (y - mean) / scale, (y_test - mean) / scale
        self.y, self.y_test = y, y_test

    @property
    def classifies(self) -> bool:
        return self.data.classifies

    def _strata(self) -> Any:
        return self.data.y if self.classifies else None


def standard_error(values: Any) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def measure(data: RealData, seeds: int) -> tuple[Contender, Contender]:
    mine = Contender(pynn.MLPClassifier, pynn.MLPRegressor)
    theirs = Contender(neural_network.MLPClassifier, neural_network.MLPRegressor)
    splits = [Split(data, seed) for seed in range(seeds)]
    mine.train(splits[0], 0)  # the first time includes imports
    tried = {}
    for theirs.blas_threads in {1, _core.num_threads()}:
        tried[theirs.blas_threads] = theirs.train(splits[0], 0)[1]
    theirs.blas_threads = min(tried, key=lambda n: tried[n])
    for seed, split in enumerate(splits):
        for contender in (mine, theirs) if seed % 2 else (theirs, mine):
            contender.run(split, seed)
    return mine, theirs


def print_row(name: str, data: RealData, mine: Contender, theirs: Contender) -> list[str]:
    """Print a line of the table; return what it misses."""
    differences = np.subtract(mine.scores, theirs.scores)
    ratio = sum(mine.seconds) / sum(theirs.seconds)
    print(
        f"| {name} | {data.x.shape[0]:,} × {data.x.shape[1]} "
        f"| {mine.mean:.4f} ± {mine.error:.4f} | {theirs.mean:.4f} ± {theirs.error:.4f} "
        f"| {differences.mean():+.4f} ± {standard_error(differences):.4f} "
        f"| {np.mean(mine.epochs):.0f} | {np.mean(theirs.epochs):.0f} "
        f"| {1e3 * np.mean(mine.seconds):.1f} | {1e3 * np.mean(theirs.seconds):.1f} "
        f"({theirs.blas_threads}) | {1 / ratio:.1f} × |",
        flush=True,
    )
    missed = []
    if mine.mean < theirs.mean - theirs.error:
        missed.append(f"{name}: the score is {theirs.mean - mine.mean:.4f} lower")
    if ratio > 1 / 5:
        missed.append(f"{name}: {100 * ratio:.0f}% of the time")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", nargs="+", choices=REAL_DATA, default=list(REAL_DATA))
    args = parser.parse_args()
    print(
        f"pynn {pynn.__version__} ({_core.isa()}, {_core.num_threads()} threads), "
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}.\n"
        f"Accuracy or R² on held-out rows, mean and standard error over {args.seeds} seeds; the "
        "difference is taken seed by seed.\n\n"
        "| | rows × columns | pynn | scikit-learn | difference | epochs | its epochs "
        "| ms a fit | its ms (threads) | as fast |\n" + "|---" * 10 + "|"
    )
    missed = []
    for name in args.sets:
        data = REAL_DATA[name]()
        missed += print_row(name, data, *measure(data, args.seeds))
    print("\nAsked: no score lower by more than a standard error, a fifth of the time.")
    print("Missed: " + ("; ".join(missed) or "nothing") + ".")


if __name__ == "__main__":
    main()
