"""Where memory or threads run out, a call fails in words or goes on with fewer; the next works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if not Path("/proc/self/statm").exists():
    pytest.skip("memory is counted as Linux does it", allow_module_level=True)

PROGRAM = """
import resource

import numpy as np

import pynn
from pynn import layers

pynn.set_num_threads(2)
pynn.utils.set_random_seed(0)
model = pynn.Sequential([pynn.Input((64,)), layers.Dense(30000, "relu"), layers.Dense(10)])
model.compile("sgd", "mse")
x, y = np.ones((4096, 64), np.float32), np.zeros((4096, 10), np.float32)


def leave(megabytes):
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def without_limit():
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""

NO_MEMORY = """
for call in (lambda: model.predict(x, verbose=0), lambda: model.fit(x, y, verbose=0)):
    for megabytes in (1, 4, 8, 16):
        leave(megabytes)
        try:
            call()
            print("done")
        except MemoryError:
            print("MemoryError")
        without_limit()
print(np.isfinite(model.predict(x, verbose=0)).all())
print(np.isfinite(model.fit(x, y, verbose=0).history["loss"][0]))
"""

# Buffers are there, but no room for a thread's stack.
NO_THREADS = """
pynn.set_num_threads(1)
expected = model.predict(x, verbose=0)
pynn.set_num_threads(2)
small = pynn.Sequential([pynn.Input((64,)), layers.Dense(1)])
small(x[:1])
leave(4)
for _ in range(3):
    print((model.predict(x[:256], verbose=0) == expected[:256]).all())
without_limit()
print((model.predict(x, verbose=0) == expected).all())
"""


def run(folder: Path, program: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, (result.returncode, result.stderr)
    return result.stdout.split()


def test_no_memory_is_an_error_that_one_survives(tmp_path: Path) -> None:
    said = run(tmp_path, NO_MEMORY)
    assert said[:4].count("MemoryError") >= 2, said
    assert said[4:8].count("MemoryError") >= 2, said
    assert said[8:] == ["True", "True"], said


def test_fewer_threads_do_the_same(tmp_path: Path) -> None:
    assert run(tmp_path, NO_THREADS) == ["True"] * 4
