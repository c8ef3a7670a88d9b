"""How long does a prediction take, from one row to ten thousand?

One test per peer, network and number of rows, on networks trained for one epoch;
``pytest bench/test_predict.py --benchmark-only``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from _networks import NETWORKS, PEERS, Peer


@cache
def trained(network: str, peer: str) -> Peer:
    trainer = PEERS[peer](NETWORKS[network]())
    trainer.epoch()
    return trainer


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("rows", [1, 32, 1000, 10000])
@pytest.mark.parametrize("network", NETWORKS)
def test_predict(benchmark, network: str, rows: int, peer: str) -> None:
    net = NETWORKS[network]()
    x = np.ascontiguousarray(net.x[:rows])
    predictor = trained(network, peer)
    benchmark.group = f"predict {rows} rows, {'-'.join(map(str, net.sizes))}"
    predicted = benchmark(predictor.predict, x)
    assert len(predicted) == rows
