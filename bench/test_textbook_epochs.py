"""How long is an epoch of the two textbook networks? Against NumPy by hand and scikit-learn.

One test per peer and network; ``pytest bench/test_textbook_epochs.py --benchmark-only``. Everybody
has as many threads as by default. For ratios to quote use report.py, which interleaves the peers.
"""

from __future__ import annotations

import pytest
from _networks import NETWORKS, PEERS

from pynn import _core


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_epoch(benchmark, network: str, peer: str) -> None:
    net = NETWORKS[network]()
    trainer = PEERS[peer](net)
    benchmark.group = f"epoch of {net.name}, {'-'.join(map(str, net.sizes))}"
    benchmark.pedantic(trainer.epoch, rounds=3, warmup_rounds=1)
    if benchmark.stats:  # absent with --benchmark-disable
        seconds = benchmark.stats.stats.median
        benchmark.extra_info |= {
            "isa": _core.isa(),
            "microseconds_per_step": 1e6 * seconds / net.steps,
            "gflops": net.flops_per_epoch / seconds / 1e9,
        }
