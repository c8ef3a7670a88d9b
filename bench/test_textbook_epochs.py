"""How long is an epoch of the two textbook networks? Against NumPy by hand and scikit-learn.

One test per peer and network; ``pytest bench/test_textbook_epochs.py --benchmark-only``. Everybody
has as many threads as by default. For ratios to quote use report.py, which interleaves the peers.
"""

from __future__ import annotations

import pytest
from measuring.peers import ALWAYS, load
from measuring.work import SMALL_TRAINING, Training

from pynn import _core

NETWORKS = {"fashion": Training(), "california": SMALL_TRAINING}


@pytest.mark.parametrize("peer", ALWAYS)
@pytest.mark.parametrize("network", NETWORKS)
def test_epoch(benchmark, network: str, peer: str) -> None:
    work = NETWORKS[network]
    fit = load(peer).train(work)
    benchmark.group = f"epochs of {work.data}, {'-'.join(map(str, work.sizes))}"
    benchmark.pedantic(fit, rounds=3, warmup_rounds=1)
    if benchmark.stats:  # absent with --benchmark-disable
        seconds = benchmark.stats.stats.median
        benchmark.extra_info |= {
            "isa": _core.isa(),
            "microseconds_per_step": 1e6 * seconds / work.steps,
            "gflops": work.operations / seconds / 1e9,
        }
