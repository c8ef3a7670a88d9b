"""How fast are the three products of a dense layer, on one thread, against NumPy's BLAS?

forward:      y = x w
grad_input:   grad_x = grad_y w'
grad_weights: w -= rate * x' grad_y, the optimizer's step included on both sides

over square layers of several widths and batches of several sizes. A call is several products, by
whichever side; ``gflops`` and ``microseconds`` of one product, the best of five runs of them, are
in the saved JSON. NumPy's side is called from Python, which is most of what the smallest products
cost; pynn's is called from C++, as in training.
``pytest bench/test_matmul.py --benchmark-only``.
"""

from __future__ import annotations

import pytest
from measuring.peers import load
from measuring.work import Product
from threadpoolctl import threadpool_limits

from pynn import _core

KINDS = ("forward", "grad_input", "grad_weights")
BATCHES = (1, 8, 32, 128, 1024)
WIDTHS = (16, 64, 256, 1024)


@pytest.mark.parametrize("peer", ["pynn Sequential", "NumPy by hand"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_product(benchmark, kind: str, batch: int, width: int, peer: str) -> None:
    work = Product(kind, batch, width)
    multiply = load(peer).multiply(work)
    benchmark.group = f"{kind}, batch {batch}, {width} x {width}"
    with threadpool_limits(1, user_api="blas"):
        seconds = benchmark.pedantic(multiply, rounds=5, warmup_rounds=1)
    assert seconds > 0
    benchmark.extra_info |= {
        "isa": _core.isa(),
        "microseconds": 1e6 * seconds,
        "gflops": work.operations / seconds / 1e9,
    }
