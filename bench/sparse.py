"""CSR rows: what a stored entry costs in a wide and a narrow matrix, and beside scikit-learn.

An MLP 64-1 is trained on 100,000 rows of 40 entries with 50,000 and with 1,000 columns, by plain
SGD, whose step touches only the columns that have entries, and by Adam with alpha, whose step goes
through all weights and their state: what that costs the machine is measured beside it, as the rate
at which it adds one large array to another. scikit-learn's step costs the same from the
first to the last, so it gets fewer rows. Rows of a table are medians of interleaved rounds.

usage: python bench/sparse.py [--rounds N] [--rows N] [--threads N ...]
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from scipy import sparse
from sklearn import linear_model, neural_network
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import pynn
from pynn import _core

_COLUMNS = (1_000, 50_000)
_ENTRIES = 40
_BATCH = 200
_SOLVERS: dict[str, dict[str, Any]] = {
    "plain SGD": {"solver": "sgd", "momentum": 0.0, "alpha": 0.0},
    "Adam, alpha=1e-4": {"solver": "adam", "alpha": 1e-4},
}
_EPOCHS = 6
_SKLEARN_STEPS = 20


def matrix(n_rows: int, columns: int, entries: int) -> Any:
    """Normal numbers at random places, one in each of `entries` segments of the columns."""
    rng = np.random.default_rng(0)
    width = columns // entries
    indices = rng.integers(0, width, (n_rows, entries), np.int32)
    indices += np.arange(0, entries * width, width, dtype=np.int32)
    starts = np.arange(0, n_rows * entries + 1, entries, dtype=np.int32)
    values = rng.normal(size=n_rows * entries).astype(np.float32)
    return sparse.csr_matrix((values, indices.ravel(), starts), shape=(n_rows, columns))


def classes(x: Any) -> np.ndarray:
    """Two classes that a plane divides, but for a tenth of the rows."""
    rng = np.random.default_rng(1)
    wrong = rng.random(x.shape[0]) < 0.1
    return ((x @ rng.normal(size=x.shape[1]) > 0) ^ wrong).astype(int)


def fit_seconds(make: Callable[..., Any], x: Any, y: np.ndarray, epochs: int) -> float:
    estimator = make(max_iter=epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        estimator.fit(x, y)
    return time.perf_counter() - start


def mlp(cls: type, settings: dict[str, Any]) -> Callable[..., Any]:
    def make(max_iter: int) -> Any:
        return cls(
            (64,), batch_size=_BATCH, max_iter=max_iter, tol=0.0, n_iter_no_change=10**6,
            random_state=0, **settings,
        )  # fmt: skip

    return make


def epoch_seconds(make: Callable[..., Any], x: Any, y: np.ndarray) -> float:
    """Of an epoch after the first: a long fit less a short one."""
    return (fit_seconds(make, x, y, _EPOCHS) - fit_seconds(make, x, y, 1)) / (_EPOCHS - 1)


def stream_rate(n_floats: int) -> float:
    """Bytes a second that one array's sum into another moves, with NumPy on one thread."""
    a, b = np.zeros(n_floats, np.float32), np.ones(n_floats, np.float32)
    taken = []
    for _ in range(10):
        start = time.perf_counter()
        np.add(a, b, out=a)
        taken.append(time.perf_counter() - start)
    return 3 * 4 * n_floats / statistics.median(taken)


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def compare_mlps(rounds: int, n_rows: int, threads: int) -> None:
    pynn.set_num_threads(threads)
    data = {columns: matrix(n_rows, columns, _ENTRIES) for columns in _COLUMNS}
    targets = {columns: classes(x) for columns, x in data.items()}
    few = slice(0, min(n_rows, _SKLEARN_STEPS * _BATCH))
    print(f"\nMLP 64-1, {n_rows:,} rows of {_ENTRIES} entries, {threads} thread(s)\n")
    print(
        "| solver | columns | epoch, s | ns an entry | ratio | scikit-learn, ns an entry | times |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, settings in _SOLVERS.items():
        ours = mlp(pynn.MLPClassifier, settings)
        theirs = mlp(neural_network.MLPClassifier, settings)
        seconds: dict[int, list[float]] = {columns: [] for columns in _COLUMNS}
        peer: dict[int, list[float]] = {columns: [] for columns in _COLUMNS}
        for _ in range(rounds):
            for columns, x in data.items():
                seconds[columns].append(epoch_seconds(ours, x, targets[columns]))
        for columns, x in data.items():
            with threadpool_limits(threads, user_api="blas"):
                taken = fit_seconds(theirs, x[few], targets[columns][few], 1)
            peer[columns].append(taken / x[few].nnz)
        narrow = statistics.median(seconds[_COLUMNS[0]])
        for columns, x in data.items():
            epoch = statistics.median(seconds[columns])
            own, other = epoch / x.nnz, statistics.median(peer[columns])
            print(
                f"| {name} | {columns:,} | {epoch:.3f} | {own * 1e9:.1f} | {epoch / narrow:.2f} "
                f"| {other * 1e9:.0f} | {other / own:.0f} |"
            )
    weights = 64 * _COLUMNS[1]
    # Adam reads and writes weights and two arrays of state; alpha reads the weights once more.
    moved = weights * 4 * 7
    rate = stream_rate(4 * weights)  # as much as they are together, which no cache holds
    steps = -(-n_rows // _BATCH)
    print(
        f"\nAdam with alpha moves {moved / 1e6:.0f} MB a step over {weights:,} weights. At the "
        f"{rate / 1e9:.0f} GB/s at which NumPy adds large arrays on one thread, the {steps} steps "
        f"of an epoch take {steps * moved / rate:.2f} s."
    )


def weigh_memory(n_rows: int) -> None:
    x = matrix(n_rows, _COLUMNS[1], _ENTRIES)
    y = classes(x)
    before = resident()
    fit_seconds(mlp(pynn.MLPClassifier, _SOLVERS["plain SGD"]), x, y, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    size = (x.data.nbytes + x.indices.nbytes + x.indptr.nbytes) / 1e6
    print(
        f"\nMemory: fitting {n_rows:,} x {_COLUMNS[1]:,} ({size:.0f} MB as CSR, "
        f"{n_rows * _COLUMNS[1] * 4 / 1e9:.0f} GB dense) took {(peak - before) / 1e6:.0f} MB more; "
        f"the kernel alone has {64 * _COLUMNS[1] * 4 / 1e6:.0f} MB."
    )


def compare_perceptrons(rounds: int, n_rows: int) -> None:
    pynn.set_num_threads(1)
    dense = np.random.default_rng(0).random((60_000, 784), np.float32)
    sets = {
        f"{n_rows:,} x 10,000 CSR, 50 entries a row": matrix(n_rows, 10_000, 50),
        "60,000 x 784 dense": dense,
    }
    print("\nPerceptron, 5 epochs, float32\n\n| rows | pynn, s | scikit-learn, s | times |")
    print("|---|---|---|---|")
    for name, x in sets.items():
        y = classes(x if sparse.issparse(x) else x - 0.5)
        seconds: dict[type, list[float]] = {}
        for _ in range(rounds):
            for cls in (pynn.Perceptron, linear_model.Perceptron):
                taken = fit_seconds(
                    lambda max_iter, cls=cls: cls(max_iter=max_iter, tol=None, random_state=0),
                    x, y, 5,
                )  # fmt: skip
                seconds.setdefault(cls, []).append(taken)
        ours, theirs = (statistics.median(taken) for taken in seconds.values())
        print(f"| {name} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, pynn.num_threads()])
    arguments = parser.parse_args()
    print(
        f"pynn on {_core.isa()}, scikit-learn {sklearn.__version__}, "
        f"Python {platform.python_version()}"
    )
    weigh_memory(arguments.rows)
    for threads in arguments.threads:
        compare_mlps(arguments.rounds, arguments.rows, threads)
    compare_perceptrons(arguments.rounds, arguments.rows)


if __name__ == "__main__":
    main()
