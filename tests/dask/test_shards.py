"""How data are cut, and what a round is given, without a cluster."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from pynn.dask._mlp_replica import Moments
from pynn.dask._parts import Rows
from pynn.dask._replica import Done, add, mean
from pynn.dask._rounds import rate_factor, steps_of_round
from pynn.dask._shards import deal, default_shards
from pynn.estimators._r2 import r2


def test_default_number_of_shards() -> None:
    counts = {1: 1, 16383: 1, 16384: 2, 60_000: 4, 10**9: 16}
    assert {n: default_shards(n) for n in counts} == counts


@pytest.mark.parametrize("n_shards", [1, 2, 7])
@pytest.mark.parametrize("chunk", [1, 3, 10, 64])
def test_rows_go_round_the_shards_however_they_come(n_shards: int, chunk: int) -> None:
    rows = np.arange(64)
    found: list[list[int]] = [[] for _ in range(n_shards)]
    for start in range(0, 64, chunk):
        part = Rows([rows[start : start + chunk, None]], [rows[start : start + chunk]])
        for own, piece in zip(found, deal(part, start, n_shards), strict=True):
            own.extend(piece.y[0].tolist())
    assert found == [list(range(s, 64, n_shards)) for s in range(n_shards)]


def test_moments_add_up_to_the_score_of_all_rows() -> None:
    rng = np.random.default_rng(0)
    y, predicted = rng.normal(5, 2, (100, 2)), rng.normal(5, 2, (100, 2))
    weight = rng.uniform(0, 1, 100)
    parts = [slice(0, 1), slice(1, 40), slice(40, 100)]
    total = Moments.of(predicted[parts[0]], y[parts[0]], weight[parts[0]])
    for part in parts[1:]:
        total = total + Moments.of(predicted[part], y[part], weight[part])
    assert total.r2() == pytest.approx(r2(y, predicted, weight), rel=1e-12)


def test_states_are_added_in_float64() -> None:
    states = [np.array([1e8, 1.0], np.float32), np.array([1.0, 3.0], np.float32)]
    total = add(*(Done(state, [{}]) for state in states))
    assert total.state.dtype == np.float64 and total.state[0] == 1e8 + 1
    assert mean(total, 2, np.dtype(np.float32)).state.tolist() == [50000000.0, 2.0]
    alone = Done(states[0], [{}])
    assert mean(alone, 1, np.dtype(np.float32)).state is states[0]


@pytest.mark.parametrize(
    ("given", "epoch", "expected"),
    [("epoch", 0, 100), (7, 3, 7), (1000, 0, 100), (lambda epoch: 1 + epoch, 4, 5)],
)
def test_steps_of_a_round(given: Any, epoch: int, expected: int) -> None:
    assert steps_of_round(given, epoch, 100) == expected


def test_factors_of_the_learning_rate() -> None:
    assert [rate_factor(rule, 4) for rule in ("none", "sqrt", "linear", 0.5)] == [1, 2, 4, 0.5]


def test_pynn_imports_nothing_of_dask() -> None:
    program = (
        "import sys, pynn, pynn.dask\n"
        "pynn.Sequential, pynn.MLPClassifier, pynn.dask.MLPClassifier, pynn.dask.fit_model\n"
        "sys.exit(any(name in sys.modules for name in ('dask', 'distributed')))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_to_install_is_said() -> None:
    program = (
        "import sys\n"
        "sys.modules['distributed'] = sys.modules['dask'] = None\n"
        "import pynn.dask\n"
        "try:\n"
        "    pynn.dask.MLPClassifier().fit('rows.parquet', 'y')\n"
        "except ImportError as error:\n"
        "    sys.exit('pip install \"pynn-mlp[dask]\"' not in str(error))\n"
        "sys.exit('no error')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
