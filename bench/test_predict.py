"""How long does a prediction take, from one row to ten thousand?

One test per peer, network and number of rows; ``pytest bench/test_predict.py --benchmark-only``.
"""

from __future__ import annotations

import pytest
from measuring.peers import ALWAYS, load
from measuring.work import SMALL, TEXTBOOK, Prediction

NETWORKS = {"fashion": TEXTBOOK, "california": SMALL}


@pytest.mark.parametrize("peer", ALWAYS)
@pytest.mark.parametrize("rows", [1, 32, 1000, 10000])
@pytest.mark.parametrize("network", NETWORKS)
def test_predict(benchmark, network: str, rows: int, peer: str) -> None:
    work = Prediction(network, rows, NETWORKS[network])
    predict = load(peer).predict(work)
    benchmark.group = f"predict {rows} rows, {'-'.join(map(str, work.sizes))}"
    assert len(benchmark(predict)) == rows
