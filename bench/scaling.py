"""What training on a cluster of Dask's costs, and from where on it pays.

    python bench/scaling.py                     # weak and strong scaling here, the model of a round
    python bench/scaling.py model               # the same model of costs given, or of usual ones
    python bench/scaling.py kills --count 20    # workers killed at random moments: the same bits
    python bench/scaling.py search              # a search of 30 candidates with one and two workers
    python bench/scaling.py larger FOLDER --gigabytes 20    # a Parquet set larger than the workers
    python bench/scaling.py others              # the same task with xgboost.dask and lightgbm.dask

The model: a round of an epoch of E steps on each of K shards takes, with W workers of one thread,

    ceil(K / W) * (E * step + begin) + bytes of the state * (1 + log2(W) + log2(K)) / bandwidth
    + latency * (2 + log2(K))

The common state goes from the client by way of the scheduler to one worker, from there to the
others, each of whom hands it on, and the sums come together along the tree. `step`, `begin` and
`latency` are measured here, on LocalCluster; bandwidth is a parameter.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import resource
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import pynn
from pynn.dask import MLPClassifier

HIDDEN = (300, 100)
# Adam keeps two numbers of each weight.
STATE_BYTES = 3 * 4 * sum(a * b + b for a, b in zip((784, *HIDDEN), (*HIDDEN, 10), strict=True))
# Seconds: a step's by docs/performance.md, the others by this program on a busy machine.
COSTS = {"step": 0.4e-3, "begin": 0.02, "latency": 0.02}
LIBRARIES = ["pynn.dask", "xgboost.dask", "lightgbm.dask"]
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": HIDDEN,
    "batch_size": 32,
    "random_state": 0,
    "tol": 0.0,
}


def fashion() -> tuple[Any, ...]:
    (x, y), (x_test, y_test) = pynn.datasets.fashion_mnist.load_data()
    x, x_test = ((a.reshape(len(a), -1) / 255).astype(np.float32) for a in (x, x_test))
    return x, y, x_test, y_test


def digest(estimator: Any) -> str:
    found = hashlib.sha256()
    for array in (*estimator.coefs_, *estimator.intercepts_):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


@contextmanager
def workers(count: int, **settings: Any) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    settings = {"threads_per_worker": 1, "dashboard_address": ":0", **settings}
    with LocalCluster(n_workers=count, **settings) as cluster, Client(cluster) as client:
        yield client


def collections(x: np.ndarray, y: np.ndarray, chunk: int, folder: Path) -> tuple[Any, Any]:
    """Return arrays that workers read from files, so that they can be read again."""
    import dask.array as da

    import dask

    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, array in (("x", x), ("y", y)):
        parts = []
        for i in range(0, len(array), chunk):
            path = folder / f"{name}-{len(array)}-{i}.npy"
            np.save(path, array[i : i + chunk])
            shape = (min(chunk, len(array) - i), *array.shape[1:])
            parts.append(da.from_delayed(dask.delayed(np.load)(str(path)), shape, array.dtype))
        made.append(da.concatenate(parts))
    return made[0], made[1]


def say(**figures: Any) -> None:
    print(json.dumps(figures), flush=True)


# ---- the model of a round


def predicted(
    n_workers: int,
    *,
    n_shards: int,
    steps: int,
    step: float,
    begin: float,
    latency: float,
    state_bytes: float,
    bandwidth: float,
) -> float:
    """Return the seconds of a round."""
    compute = math.ceil(n_shards / n_workers) * (steps * step + begin)
    hops = 1 + math.log2(max(n_workers, 1)) + math.log2(max(n_shards, 1))
    return compute + hops * state_bytes / bandwidth + latency * (2 + math.log2(max(n_shards, 1)))


def measured(epochs: int, repeats: int, folder: Path) -> None:
    """Measure weak and strong scaling, and print what the model makes of it.

    Strong: all rows in four shards. Weak: two shards of 15,000 rows for each worker.
    """
    x, y, *_ = fashion()
    local = _local_seconds(x, y, epochs)
    step = local / -(-len(x) // 32)
    with workers(1):
        one = _epoch_seconds(x, y, 1, epochs, folder)
        # Of hardly any rows, what is left is a round's own cost, of one shard and of four:
        # begin + 2 latency, and 4 begin + 4 latency.
        few = [
            _epoch_seconds(x[: 32 * k], y[: 32 * k], k, 10 * epochs, folder) - k * step
            for k in (1, 4)
        ]
    begin = max((few[1] - 2 * few[0]) / 2, 0.0)
    latency = (few[0] - begin) / 2
    say(what="one epoch", local=local, one_shard=one)
    say(what="a round", step=step, rounds=few, begin=begin, latency=latency)
    times: dict[str, list[float]] = {}
    for _ in range(repeats):
        found = {"fma": fma_scaling()}
        for count in (1, 2):
            with workers(count) as client:
                client.wait_for_workers(count)
                half = len(x) // 2 * count
                found[f"strong_{count}"] = _epoch_seconds(x, y, 4, epochs, folder)
                found[f"weak_{count}"] = _epoch_seconds(
                    x[:half], y[:half], 2 * count, epochs, folder
                )
        say(what="scaling", **found)
        for name, value in found.items():
            times.setdefault(name, []).append(value)
    say(
        what="scaling",
        two_of_fma=float(np.median(times["fma"])),
        strong=float(np.median(np.divide(times["strong_1"], times["strong_2"]))),
        weak=2.0 * float(np.median(np.divide(times["weak_1"], times["weak_2"]))),
    )
    say_predicted(step=step, begin=begin, latency=latency)


def say_predicted(**measured: float) -> None:
    """Print what the model makes of a step, the beginning of a task, and a message."""
    common = {**measured, "state_bytes": STATE_BYTES}
    print("\nseconds of an epoch, in one round, of 64 shards; speed-up over one worker")
    for rows in (60_000, 6_000_000):
        for gigabits in (1, 10):
            line = [f"{rows:>9} rows, {gigabits:>2} Gbit/s:"]
            given = {
                **common,
                "n_shards": 64,
                "steps": -(-rows // 64 // 32),
                "bandwidth": gigabits * 1e9 / 8,
            }
            alone = predicted(1, **given)
            for n in (4, 16, 64):
                found = predicted(n, **given)
                line.append(f"{n} workers {found:.2f} s ({alone / found:.1f}x)")
            print("  ".join(line))


def _local_seconds(x: np.ndarray, y: np.ndarray, epochs: int) -> float:
    pynn.set_num_threads(1)
    clock = Clock()
    pynn.MLPClassifier(**SETTINGS, max_iter=1 + epochs, callbacks=[clock]).fit(x, y)
    return clock.fastest()


class Clock(pynn.callbacks.Callback):
    """Times epochs. Of several the fastest counts, as other programs may have been running."""

    def __init__(self) -> None:
        super().__init__()
        self._marks: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._marks.append(time.perf_counter())

    def fastest(self) -> float:
        return float(np.diff(self._marks).min())


def _epoch_seconds(
    x: np.ndarray, y: np.ndarray, n_shards: int, epochs: int, folder: Path, **given: Any
) -> float:
    dx, dy = collections(x, y, 10_000, folder)
    clock = Clock()
    MLPClassifier(
        **SETTINGS, max_iter=1 + epochs, n_shards=n_shards, callbacks=[clock], **given
    ).fit(dx, dy)
    return clock.fastest()


# ---- faults


def kills(count: int, epochs: int, folder: Path) -> None:
    """Train with 1, 2 and 4 workers, then with workers that are killed at random moments."""
    x, y, x_test, y_test = fashion()
    settings = {**SETTINGS, "max_iter": epochs, "n_shards": 4}
    local = pynn.MLPClassifier(**SETTINGS, max_iter=epochs).fit(x, y)
    say(what="local", accuracy=local.score(x_test, y_test))
    dx, dy = collections(x, y, 10_000, folder)
    hashes = set()
    for n in (1, 2, 4):
        with workers(n):
            start = time.perf_counter()
            found = MLPClassifier(**settings).fit(dx, dy)
            hashes.add(digest(found))
            say(
                workers=n,
                hash=digest(found),
                accuracy=found.score(x_test, y_test),
                seconds=time.perf_counter() - start,
            )
    killed = fits = 0
    rng = random.Random(0)
    while killed < count:
        with workers(2) as client:
            stop = threading.Event()
            done: list[int] = []

            most = count - killed

            def kill(
                stop: Any = stop, done: list[int] = done, client: Any = client, most: int = most
            ) -> None:
                while not stop.wait(rng.uniform(0.2, 4.0)) and len(done) < most:
                    try:  # a nanny whose worker dies while it starts gives up
                        client.cluster.scale(2)
                        client.wait_for_workers(2, timeout=20)
                        pids = list(client.run(os.getpid, on_error="ignore").values())
                    except Exception:
                        continue
                    pids = [pid for pid in pids if isinstance(pid, int)]
                    if pids and not stop.is_set():
                        os.kill(rng.choice(pids), signal.SIGKILL)
                        done.append(1)

            killer = threading.Thread(target=kill)
            killer.start()
            try:
                found = MLPClassifier(**settings).fit(dx, dy)
            finally:
                stop.set()
                killer.join()
            killed, fits = killed + len(done), fits + 1
            hashes.add(digest(found))
            say(fit=fits, killed=len(done), hash=digest(found))
    say(what="kills", killed=killed, fits=fits, hashes=sorted(hashes))
    if len(hashes) != 1:
        sys.exit("the bits differ")


# ---- a search


def search(candidates: int, repeats: int, max_iter: int) -> None:
    """Search with one and with two workers of one thread, and beside them with two processes.

    What two of anything gain on a machine depends on what else it does, so that all are measured
    in turn, again and again, with matrix products as a yardstick.
    """
    import joblib
    from scipy.stats import loguniform
    from sklearn.model_selection import RandomizedSearchCV

    x, y, *_ = fashion()
    x, y = x[:20000], y[:20000]
    base = pynn.MLPClassifier((100,), max_iter=max_iter, tol=0.0, random_state=0)
    space = {"alpha": loguniform(1e-6, 1e-1), "learning_rate_init": loguniform(1e-4, 1e-2)}

    def seconds() -> float:
        start = time.perf_counter()
        found = RandomizedSearchCV(
            base, space, n_iter=candidates, cv=2, random_state=0, refit=False
        )
        found.fit(x, y)
        scores.append(found.cv_results_["mean_test_score"])
        return time.perf_counter() - start

    scores: list[np.ndarray] = []
    times: dict[str, list[float]] = {}
    pynn.set_num_threads(1)
    for _ in range(repeats):
        cpu = time.process_time()
        found = {"fma": fma_scaling(), "alone": seconds(), "cpu": time.process_time() - cpu}
        with joblib.parallel_config("loky", n_jobs=2):
            joblib.Parallel()(joblib.delayed(imported)() for _ in range(4))
            found["two_processes"] = seconds()
        for n in (1, 2):
            with workers(n) as client:
                client.wait_for_workers(n)
                client.run(imported)
                found[f"workers_{n}"], counted = _over_dask(client, [x, y], seconds)
            say(what="search", workers=n, seconds=found[f"workers_{n}"], **counted)
            if n == 1:
                found["between"] = found["workers_1"] * (1.0 - sum(counted["busy"]))
        say(what="search", **found)
        for name, value in found.items():
            times.setdefault(name, []).append(value)
    medians = {name: float(np.median(each)) for name, each in times.items()}

    def ratio(one: str, two: str) -> float:
        return float(np.median(np.divide(times[one], times[two])))

    say(
        what="search",
        same_scores=all(np.array_equal(each, scores[0]) for each in scores),
        two_of_fma=medians["fma"],
        two_processes=ratio("alone", "two_processes"),
        two_workers=ratio("workers_1", "workers_2"),
        two_workers_over_no_dask=ratio("alone", "workers_2"),
        overhead_per_candidate=medians["between"] / candidates,
    )


def _over_dask(client: Any, data: list[Any], seconds: Any) -> tuple[float, dict[str, Any]]:
    """Return how long a search takes with joblib on a cluster, and counts of what went on."""
    import joblib
    from distributed import get_task_stream
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """With one job joblib would compute in the client, and not on the worker."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(int(super().effective_n_jobs(n_jobs)), 2)

    before, cpu = client.run(time.process_time), time.process_time()
    with get_task_stream(client) as stream:
        start = time.perf_counter()
        with joblib.parallel_config(Backend(scatter=data)):
            scattered = time.perf_counter() - start
            taken = seconds()
    after = client.run(time.process_time)
    busy: dict[str, list[float]] = {}
    for task in stream.data:
        spans = [each for each in task["startstops"] if each["action"] == "compute"]
        own = busy.setdefault(task["worker"], [])
        own += [each["stop"] - each["start"] for each in spans]
    return scattered + taken, {
        "scattered": scattered,
        "tasks": [len(own) for own in busy.values()],
        "busy": [sum(own) / (scattered + taken) for own in busy.values()],
        "worker_cpu": [after[worker] - before[worker] for worker in after],
        "client_cpu": time.process_time() - cpu,
    }


def imported() -> None:
    """Fit something, so that all of it has been imported."""
    pynn.MLPClassifier((2,), max_iter=1).fit(np.eye(4), [0, 0, 1, 1])


def fma_scaling() -> float:
    """Return how much more two processes multiply than one, at present."""
    import subprocess

    program = (
        "import os; os.environ['OPENBLAS_NUM_THREADS']='1'\n"
        "import numpy as np, time\n"
        "a=np.random.rand(512,512).astype('float32'); n=0; end=time.perf_counter()+2\n"
        "while time.perf_counter()<end: a@a; n+=1\n"
        "print(n)"
    )

    def run(count: int) -> int:
        started = [
            subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        return sum(int(each.communicate()[0]) for each in started)

    alone = run(1)
    return run(2) / alone


# ---- more rows than memory


def write_larger(folder: Path, gigabytes: float, n_features: int = 100) -> int:
    """Write Parquet files in pieces; return the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    weights = rng.standard_normal((2, n_features), dtype=np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    n_rows, total, piece = 0, 0, 200_000
    while total < gigabytes * 1e9:
        x = rng.standard_normal((piece, n_features), dtype=np.float32)
        y = ((x @ weights[0] > 0) ^ (x @ weights[1] > 4)).astype(np.int8)
        columns = {f"f{i}": x[:, i] for i in range(n_features)}
        path = folder / f"part-{n_rows // piece:04d}.parquet"
        pq.write_table(
            pa.table({**columns, "y": y}),
            path,
            compression="NONE",
            use_dictionary=False,
            row_group_size=100_000,
        )
        total += path.stat().st_size
        n_rows += piece
    return n_rows


def larger(folder: Path, gigabytes: float, limit: str, keep: bool) -> None:
    """Train from Parquet files with two workers that could not hold them."""
    written = not any(folder.glob("*.parquet")) if folder.exists() else True
    if written:
        say(what="written", rows=write_larger(folder, gigabytes))
    files = sorted(folder.glob("*.parquet"))
    size = sum(path.stat().st_size for path in files)
    try:
        with workers(2, memory_limit=limit) as client:
            start = time.perf_counter()
            found = MLPClassifier(
                (64,), batch_size=512, max_iter=1, random_state=0, n_shards=2, local_steps=4096
            ).fit(str(folder / "*.parquet"), "y")
            seconds = time.perf_counter() - start
            peaks = client.run(peak_memory)
            spilled = client.run(spilled_bytes)
            score = found.score(_first_rows(files[0]), _first_rows(files[0], "y"))
        say(
            what="larger than memory",
            gigabytes=size / 1e9,
            seconds=seconds,
            loss=found.loss_,
            accuracy=score,
            worker_peaks_mb=[round(each / 2**20) for each in peaks.values()],
            client_peak_mb=round(peak_memory() / 2**20),
            spilled=list(spilled.values()),
        )
    finally:
        if not keep:
            for path in files:
                path.unlink()


def _first_rows(path: Path, column: str | None = None) -> Any:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read_row_group(0)
    if column is not None:
        return table.column(column).to_numpy()
    return table.drop_columns(["y"]).to_pandas()


def peak_memory() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def spilled_bytes(dask_worker: Any = None) -> int:
    """Return how many bytes a worker has on disk."""
    return int(getattr(dask_worker.data, "spilled_total", (0, 0))[1])


# ---- others


def others(epochs: int, folder: Path, chosen: list[str]) -> None:
    """Train boosted trees with two workers, and kill one in the middle."""
    import lightgbm
    import xgboost.dask

    x, y, x_test, y_test = fashion()
    x, y = x[:20_000, ::4], y[:20_000]
    x_test = x_test[:, ::4]
    dx, dy = collections(x, y, 5_000, folder / "others")

    def trees(name: str) -> Any:
        if name == "xgboost.dask":
            return xgboost.dask.DaskXGBClassifier(n_estimators=30, max_depth=6, random_state=0)
        if name == "lightgbm.dask":
            return lightgbm.DaskLGBMClassifier(n_estimators=30, random_state=0, verbose=-1)
        return MLPClassifier((100,), max_iter=10 * epochs, random_state=0, n_shards=4)

    def probabilities(found: Any) -> np.ndarray:
        if hasattr(found, "to_local"):
            return np.asarray(found.to_local().predict_proba(x_test))
        return np.asarray(found.get_booster().predict(xgboost.DMatrix(x_test)))

    for name in chosen:
        answers: dict[int, np.ndarray] = {}
        seconds = 0.0
        for n in (1, 2, 2):
            with workers(n):
                start = time.perf_counter()
                found = trees(name).fit(dx, dy)
                seconds = time.perf_counter() - start
                again = probabilities(found)
                same = {k: bool(np.array_equal(v, again)) for k, v in answers.items()}
                say(
                    what=name,
                    workers=n,
                    seconds=seconds,
                    accuracy=float(np.mean(again.argmax(axis=1) == y_test)),
                    same_as_with=same,
                )
                answers[n] = again
        with workers(2) as client:
            pid = next(iter(client.run(os.getpid).values()))
            threading.Timer(seconds / 2, os.kill, (pid, signal.SIGKILL)).start()
            done: list[Any] = []

            def fit(name: str = name, done: list[Any] = done) -> None:
                try:
                    done.append(trees(name).fit(dx, dy))
                except Exception as error:
                    done.append(error)

            thread = threading.Thread(target=fit, daemon=True)
            thread.start()
            thread.join(120)
            end = "hangs" if not done else repr(done[0])[:200]
            same_bits = None
            if done and not isinstance(done[0], Exception):
                end = "finishes"
                same_bits = bool(np.array_equal(probabilities(done[0]), answers[2]))
            say(what=name, killed_worker=end, same_bits=same_bits)


def main() -> None:
    warnings.simplefilter("ignore")
    here = Path(__file__).resolve().parent  # where sparse.py is, which Dask takes for a package
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != here]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("scaling-data"))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    commands = parser.add_subparsers(dest="command")
    killing = commands.add_parser("kills")
    killing.add_argument("--count", type=int, default=20)
    searching = commands.add_parser("search")
    searching.add_argument("--candidates", type=int, default=30)
    searching.add_argument("--max-iter", type=int, default=6)
    large = commands.add_parser("larger")
    large.add_argument("where", type=Path)
    large.add_argument("--gigabytes", type=float, default=20.0)
    large.add_argument("--memory-limit", default="2GB")
    large.add_argument("--keep", action="store_true")
    model = commands.add_parser("model")
    for name, seconds in COSTS.items():
        model.add_argument(f"--{name}", type=float, default=seconds)
    beside = commands.add_parser("others")
    beside.add_argument("names", nargs="*")
    given = parser.parse_args()
    if given.command == "kills":
        kills(given.count, given.epochs, given.folder)
    elif given.command == "search":
        search(given.candidates, given.repeats, given.max_iter)
    elif given.command == "larger":
        larger(given.where, given.gigabytes, given.memory_limit, given.keep)
    elif given.command == "model":
        say_predicted(**{name: getattr(given, name) for name in COSTS})
    elif given.command == "others":
        others(given.epochs, given.folder, given.names or LIBRARIES)
    else:
        measured(given.epochs, given.repeats, given.folder)


if __name__ == "__main__":
    main()
