"""How fast are the three products of a dense layer, on one thread, against NumPy's BLAS?

forward:      y = x w
grad_input:   grad_x = grad_y w'
grad_weights: w -= rate * x' grad_y, the optimizer's step included on both sides

over square layers of several widths and batches of several sizes. A round is as many products for
both sides; ``gflops`` and ``microseconds`` of one product are in the saved JSON. NumPy's side is
called from Python, which is most of what the smallest products cost; pynn's is called from C++, as
in training.
``pytest bench/test_matmul.py --benchmark-only``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from pynn import _core

KINDS = ("forward", "grad_input", "grad_weights")
BATCHES = (1, 8, 32, 128, 1024)
WIDTHS = (16, 64, 256, 1024)
_ROUNDS = 5  # what bench_dense times, after one call to warm up
_OPERATIONS = 1e7  # of one timing: a fraction of a millisecond


def numpy_product(kind: str, batch: int, width: int) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    x, grad_y = rng.standard_normal((2, batch, width), dtype=np.float32)
    w, grad_w = rng.standard_normal((2, width, width), dtype=np.float32)
    out = np.empty((batch, width), np.float32)
    rate = np.float32(1e-30)

    def step() -> None:
        np.matmul(x.T, grad_y, out=grad_w)
        np.multiply(grad_w, rate, out=grad_w)
        np.subtract(w, grad_w, out=w)

    products: dict[str, Callable[[], object]] = {
        "forward": lambda: np.matmul(x, w, out=out),
        "grad_input": lambda: np.matmul(grad_y, w.T, out=out),
        "grad_weights": step,
    }
    return products[kind]


def round_of(engine: str, kind: str, batch: int, width: int, repeats: int) -> Callable[[], object]:
    if engine == "pynn":
        return lambda: _core.bench_dense(kind, batch, width, width, repeats)
    product = numpy_product(kind, batch, width)

    def run() -> None:
        for _ in range(1 + _ROUNDS * repeats):
            product()

    return run


@pytest.mark.parametrize("engine", ["pynn", "numpy"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_product(benchmark, kind: str, batch: int, width: int, engine: str) -> None:
    operations = 2 * batch * width * width
    repeats = max(1, round(_OPERATIONS / operations))
    benchmark.group = f"{kind}, batch {batch}, {width} x {width}"
    with threadpool_limits(1, user_api="blas"):
        benchmark.pedantic(round_of(engine, kind, batch, width, repeats), rounds=5, warmup_rounds=1)
    if benchmark.stats:  # absent with --benchmark-disable
        seconds = benchmark.stats.stats.median / (1 + _ROUNDS * repeats)
        benchmark.extra_info |= {
            "isa": _core.isa(),
            "microseconds": 1e6 * seconds,
            "gflops": operations / seconds / 1e9,
        }
