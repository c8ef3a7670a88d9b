"""One row from compiled code: what a call of `pynn.cython_predict` costs beside the kernels alone.

The C function of the table is called in a loop in C++, with the rows of an array one after the
other, and so are the kernels of the network's layers by themselves: what is between the two is what
the call adds. Beside them the ways from Python: `model(x)`, `predict_on_batch`, `predict`, and ONNX
Runtime's `run`, where that is installed. All on one thread; rounds are interleaved, and figures are
medians of them, in microseconds a row.

usage: python bench/cython_predict.py [--rounds N]
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from measuring.peers import load
from measuring.work import Prediction

import pynn
from pynn import _core_testing, layers
from pynn.cython_predict import Predictor

_NETWORKS = {"california": (8, 30, 1), "fashion": (784, 300, 100, 10)}
_ROWS = 256
_SECONDS = 0.02  # of one measurement
_BLOCK = 1000


def in_python(call: Callable[[], object]) -> Callable[[int], float]:
    """Return what measures seconds a call, of so many."""

    def run(calls: int) -> float:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - start) / calls

    return run


def ways(data: str, sizes: tuple[int, ...]) -> dict[str, Callable[[int], float]]:
    """Return functions that take a number of calls, and measure seconds a row."""
    hidden = [layers.Dense(n, "relu") for n in sizes[1:-1]]
    model: Any = pynn.Sequential([pynn.Input(sizes[:1]), *hidden, layers.Dense(sizes[-1])])
    predictor = Predictor(model)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(_ROWS, sizes[0])).astype("float32")
    one, block = x[:1], rng.normal(size=(_BLOCK, sizes[0])).astype("float32")
    in_out = [layer.kernel._variable.in_out for layer in model.layers]
    kernels = functools.partial(_core_testing.bench_row_kernels, x, list(sizes[1:]), in_out)
    row = functools.partial(_core_testing.bench_row, predictor.capsule)
    found = {
        "kernels alone": kernels,
        "predict_row_f32": functools.partial(row, x),
        "predict_row_f64": functools.partial(row, x.astype("float64")),
        "model(x)": in_python(lambda: model(one)),
        "predict_on_batch(x)": in_python(lambda: model.predict_on_batch(one)),
        "predict(x, verbose=0)": in_python(lambda: model.predict(one, verbose=0)),
        f"predict of {_BLOCK} rows": lambda calls: (
            in_python(lambda: model.predict(block, verbose=0))(calls // _BLOCK + 1) / _BLOCK
        ),
    }
    if importlib.util.find_spec("onnxruntime"):
        run = load("ONNX Runtime").predict(Prediction(data, 1, sizes))
        found["ONNX Runtime"] = in_python(run)
    return found


def main() -> None:
    """Measure, and print a table for each network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    pynn.set_num_threads(1)
    for data, sizes in _NETWORKS.items():
        measured = ways(data, sizes)
        calls = {}
        for way, run in measured.items():
            calls[way] = max(int(_SECONDS / run(100)), 10)
        seconds: dict[str, list[float]] = {way: [] for way in measured}
        for _ in range(rounds):
            for way, run in measured.items():
                seconds[way].append(run(calls[way]))
        print(f"{'-'.join(map(str, sizes))}, {pynn._core.isa()}, µs a row:")
        alone = statistics.median(seconds["kernels alone"])
        for way, values in seconds.items():
            median = statistics.median(values)
            print(
                f"  {way:24s} {median * 1e6:9.3f}   {(median - alone) * 1e6:+9.3f}"
                f"   best {min(values) * 1e6:.3f}"
            )


if __name__ == "__main__":
    main()
