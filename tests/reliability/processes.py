"""Children of a process that has trained: they predict the same bits, train, and come to an end."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle
import random
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np

import pynn
from pynn import layers
from reliability.children import PATIENCE, result_of

X = np.random.default_rng(0).standard_normal((300, 40)).astype("float32")
Y = X[:, :1] * X[:, 1:2]


def model() -> Any:
    pynn.utils.set_random_seed(0)
    made = pynn.Sequential([pynn.Input((40,)), layers.Dense(300, "relu"), layers.Dense(1)])
    made.compile(loss="mse", optimizer="adam")
    return made


def predict_and_train(content: bytes) -> tuple[bytes, bytes]:
    """Return the bits of a prediction, and of the weights after another epoch."""
    made = pickle.loads(content)
    predicted = made.predict(X, verbose=0)
    made.fit(X, Y, verbose=0, shuffle=False)
    return predicted.tobytes(), b"".join(w.tobytes() for w in made.get_weights())


def forked(content: bytes, expected: tuple[bytes, bytes], delay: float) -> None:
    """Fork as it is, without anything that multiprocessing does, in the middle of a training."""
    child = os.fork()
    if not child:
        status = 1
        try:
            signal.alarm(int(PATIENCE))  # a child that hangs ends
            status = 0 if predict_and_train(content) == expected else 2
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, {-signal.SIGALRM: "hangs", 2: "computes otherwise"}.get(status, status)


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Fork `count` children, and have one of 20 by each other way that Python has."""
    rng = random.Random(seed)
    made = model()
    pynn.set_num_threads(2)
    made.fit(X, Y, epochs=2, verbose=0)
    content = pickle.dumps(made)
    expected = predict_and_train(content)
    others = max(1, count // 20)
    with warnings.catch_warnings():
        # From 3.12 on, of forks where there are threads: which is what is to work.
        warnings.simplefilter("ignore", DeprecationWarning)
        for done in range(1, count + 1):
            forked(content, expected, rng.uniform(0, 0.01))
            yield {"forks": done}
        for method in ("fork", "forkserver", "spawn"):
            for _ in range(others):
                assert result_of(predict_and_train, content, method=method) == expected, method
        with multiprocessing.get_context("fork").Pool(2) as pool:
            found = pool.map_async(predict_and_train, [content] * 4 * others).get(PATIENCE)
            assert found == [expected] * 4 * others
        for method in ("fork", "forkserver"):
            with concurrent.futures.ProcessPoolExecutor(
                2, multiprocessing.get_context(method)
            ) as executor:
                jobs = [executor.submit(predict_and_train, content) for _ in range(4 * others)]
                assert [job.result(PATIENCE) for job in jobs] == [expected] * 4 * others
        start = time.perf_counter()
        found = joblib.Parallel(2, backend="loky", timeout=PATIENCE)(
            joblib.delayed(predict_and_train)(content) for _ in range(4 * others)
        )
        assert found == [expected] * 4 * others
        assert time.perf_counter() - start < PATIENCE
        joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    # The parent goes on as if nothing had been.
    assert predict_and_train(content) == expected
    yield {"forks": count, "other children": 3 * others, "jobs of pools": 16 * others}
