"""pynn by way of its Keras-like surface, and what only the engine itself knows."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

import pynn
from measuring.peers import keras_like
from measuring.work import Memory, Peak, Prediction, Product, Training
from pynn import _core, _core_testing

_POLL_SECONDS = 0.02


def set_threads(threads: int) -> None:
    pynn.set_num_threads(threads)


def train(case: Training) -> Callable[[], object]:
    return keras_like.train(pynn, case)


def predict(case: Prediction) -> Callable[[], object]:
    return keras_like.predict(pynn, case)


def multiply(case: Product) -> Callable[[], object]:
    return lambda: _core_testing.bench_dense(
        case.kind, case.batch, case.width, case.width, case.repeats, case.dtype, in_out=True
    )


def race(case: Peak) -> Callable[[], object]:
    return lambda: 1e9 * _core.measure_peak(case.seconds, _core.num_threads(), case.dtype)


def weigh(case: Memory) -> Callable[[], object]:
    """Map a file of zeros, which takes no room on the disk, and train on it for one epoch.

    What is counted is all anonymous memory of the process: Python, libraries and model included.
    """
    folder = tempfile.TemporaryDirectory(dir="/var/tmp", prefix="pynn-bench-")
    path = Path(folder.name) / "rows"
    shape = (case.rows, case.sizes[0])
    np.memmap(path, case.file_type, "w+", shape=shape).flush()
    x = np.memmap(path, case.file_type, "r", shape=shape)
    y = np.random.default_rng(0).integers(0, case.sizes[-1], case.rows, dtype=np.uint8)
    model = keras_like.compiled(pynn, Training(sizes=case.sizes))

    def epoch() -> float:
        with folder, MemoryWatch() as watch:
            model.fit(x, y, epochs=1, verbose=0)
        return watch.most

    return epoch


class MemoryWatch:
    """Looks at the anonymous memory of this process every few milliseconds."""

    def __init__(self) -> None:
        self.most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_POLL_SECONDS):
            self.most = max(self.most, anonymous_bytes())


def anonymous_bytes() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return 1024.0 * int(line.split()[1])
    raise RuntimeError("/proc/self/status has no RssAnon")
