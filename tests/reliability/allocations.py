"""Allocations that fail, one after the other, in what is done with models and estimators.

Two kinds of them: the engine's own, of any size, and with them those of the process from 2 KiB on,
of which NumPy makes arrays, but not the buffers of NumPy's loops: for want of them NumPy crashes,
`a[:, None] == b` does. Each call must raise MemoryError, or do without the memory; the next calls
must give the bits that they gave before.
"""

from __future__ import annotations

import ctypes
import faulthandler
import io
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

import pynn
from pynn import layers, ops
from pynn.models import load_model
from pynn.saving import FileError

LARGE = 2048  # bytes
SOURCE = Path(__file__).with_name("failing_malloc.cpp")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 20)).astype("float32")
Y = RNG.integers(0, 3, 300)
ROWS = sparse.random(200, 5000, density=0.01, format="csr", dtype=np.float32, random_state=0)


def bits(*arrays: Any) -> bytes:
    return b"".join(np.asarray(array).tobytes() for array in arrays)


def network() -> Any:
    pynn.utils.set_random_seed(0)
    made = pynn.Sequential(
        [
            pynn.Input((20,)),
            layers.Dense(33, "relu"),
            layers.Dropout(0.2),
            layers.BatchNormalization(),
            layers.Dense(3, "softmax"),
        ]
    )
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


class Kept:
    """A model that is used again after every failure."""

    def __init__(self) -> None:
        self.model = network()
        self.weights = self.model.get_weights()

    def fit(self) -> bytes:
        pynn.utils.set_random_seed(0)
        self.model.set_weights(self.weights)
        self.model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = self.model.fit(X, Y, epochs=2, validation_split=0.2, verbose=0)
        return bits(history.history["loss"], *self.model.get_weights())

    def predict(self) -> bytes:
        return bits(self.model.predict(X, verbose=0), self.model(X[:5]))

    def evaluate(self) -> bytes:
        return bits(self.model.evaluate(X, Y, verbose=0))


def from_the_beginning() -> bytes:
    made = network()
    made.fit(X, Y, verbose=0)
    return bits(made.predict(X, verbose=0))


def classify() -> bytes:
    made = pynn.MLPClassifier((10,), max_iter=2, random_state=0).fit(X, Y)
    return bits(made.predict_proba(X))


def classify_sparse() -> bytes:
    made = pynn.MLPClassifier((10,), max_iter=2, random_state=0).fit(ROWS, Y[:200])
    return bits(made.predict_proba(ROWS))


def by_lbfgs() -> bytes:
    made = pynn.MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=3, random_state=0)
    return bits(made.fit(X, X[:, 0]).predict(X))


def perceptron() -> bytes:
    made = pynn.Perceptron(max_iter=3, random_state=0).fit(X, Y)
    return bits(made.decision_function(X))


def in_python() -> bytes:
    """Train with a loss that the engine does not have."""
    pynn.utils.set_random_seed(0)
    inputs = pynn.Input((20,))
    made = pynn.Model(inputs, layers.Dense(1)(ops.sin(layers.Dense(5)(inputs))))
    made.compile(loss=lambda t, p: ops.mean(ops.abs(ops.cos(t - p))), optimizer="sgd")
    made.fit(X, Y, verbose=0)
    return bits(*made.get_weights())


def save_and_load() -> bytes:
    file = io.BytesIO()
    network().save(file)
    file.seek(0)
    return bits(*load_model(file).get_weights())


def calls() -> dict[str, Callable[[], bytes]]:
    kept = Kept()
    return {
        "fit": kept.fit,
        "predict": kept.predict,
        "evaluate": kept.evaluate,
        **{
            function.__name__: function
            for function in (
                from_the_beginning,
                classify,
                classify_sparse,
                by_lbfgs,
                perceptron,
                in_python,
                save_and_load,
            )
        },
    }


def is_of_others(error: BaseException) -> bool:
    """Is it what Python's locks and NumPy's loops raise where they have no memory?"""
    if isinstance(error, FileError):
        error = error.__cause__ or error.__context__ or error
    said = str(error)
    return re.search("can.t allocate .*lock", said) is not None or (
        isinstance(error, SystemError) and "without" in said and "exception" in said
    )


class Failures:
    """Counts the cases of a call, and raises where a promise is broken."""

    def __init__(self, library: ctypes.CDLL, count: int, rng: random.Random) -> None:
        library.failing_malloc_arm.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_long]
        library.failing_malloc_disarm.restype = ctypes.c_long
        library.failing_malloc_allocations.restype = ctypes.c_long
        self.library = library
        self.count = count
        self.rng = rng
        self.cases = {"engine": 0, "process": 0}
        self.done_without = 0

    def check(self, name: str, call: Callable[[], bytes]) -> None:
        for large in (0, LARGE):
            for _ in range(3):  # caches fill
                expected = call()
            self.library.failing_malloc_arm(2**62, 0, large)
            call()
            self.library.failing_malloc_disarm()
            total = self.library.failing_malloc_allocations()
            places = range(total)
            if total > self.count:
                places = sorted(self.rng.sample(places, self.count))
            for n in places:
                for for_good in (False, True):
                    self.fail(f"{name}, allocation {n}", call, (n, for_good, large), expected)

    def fail(
        self, what: str, call: Callable[[], bytes], how: tuple[int, int, int], expected: bytes
    ) -> None:
        found: Any = None
        self.library.failing_malloc_arm(*how)
        try:
            found = call()
        except BaseException as error:
            found = error
        failed = self.library.failing_malloc_disarm()
        what = f"{what}, {how}"
        if isinstance(found, BaseException):
            allowed = isinstance(found, MemoryError) or (how[2] and is_of_others(found))
            assert allowed, (what, repr(found))
        else:
            assert found == expected, what
            self.done_without += failed > 0
        del found
        assert call() == expected, f"{what}: what comes next"
        self.cases["process" if how[2] else "engine"] += failed > 0


def main(library: str, count: int, seed: int) -> None:
    """Be the process whose memory runs out."""
    warnings.simplefilter("ignore")
    faulthandler.enable()
    pynn.set_num_threads(2)
    failures = Failures(ctypes.CDLL(library), count, random.Random(seed))
    for name, call in calls().items():
        failures.check(name, call)
        print(name, *failures.cases.values(), failures.done_without, flush=True)


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Let up to `count` allocations of each call fail, in a process of its own."""
    library = folder / "failing_malloc.so"
    compiler = os.environ.get("CXX", (sysconfig.get_config_var("CXX") or "c++").split()[0])
    if shutil.which(compiler) is None:
        compiler = "c++"
    options = ["-std=c++20", "-O1", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, str(SOURCE), "-o", str(library)], check=True)
    arguments = [str(library), str(count), str(seed)]
    with subprocess.Popen(
        [sys.executable, "-m", "reliability.allocations", *arguments],
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[1]), *sys.path]),
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        done = []
        for line in child.stdout:
            name, engine, process, without = line.split()
            done.append(name)
            yield {
                "calls": done,
                "allocations of the engine that failed": int(engine),
                "large ones of the process that failed": int(process),
                "calls that did without": int(without),
            }
    assert child.returncode == 0, f"the process ended with {child.returncode}, see above"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
