"""What an installed wheel must do, and how long importing it may take.

usage: python smoke.py SECONDS      the limit for `import pynn` on top of NumPy
"""

from __future__ import annotations

import os
import pickle
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np

import pynn
from pynn import _core

IMPORT = """
import sys, time, numpy
start = time.perf_counter()
import pynn
pynn.Sequential
print(time.perf_counter() - start)
sys.exit("sklearn" in sys.modules or "matplotlib" in sys.modules)
"""


def import_seconds() -> float:
    """Return the best of many fresh interpreters, which is what a warm disk gives.

    They do not look for pynn in the folder that this is run in: it may be the source's.
    """
    command = [sys.executable, "-P", "-c", IMPORT]
    runs = [
        subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True) for _ in range(20)
    ]
    return min(float(run.stdout) for run in runs)


def check_instruction_set() -> None:
    """See that the kernels are the best that Linux says the processor runs."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or "PYNN_ISA" in os.environ:
        return
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = set(next(line for line in lines if line.startswith("flags")).split())
    needed = {
        "avx512": {"avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl"},
        "avx2": {"avx2", "fma"},
        "scalar": set(),
    }
    best = next(isa for isa, names in needed.items() if names <= flags)
    assert _core.isa() == best, f"the processor runs {best}. In use: {_core.isa()}"


def check_both_surfaces() -> None:
    """Train a model and an estimator on an easy problem, and pickle the estimator."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 5)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    layers = pynn.layers
    model = pynn.Sequential([layers.Dense(8, "relu"), layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=60, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] > 0.9
    estimator = pynn.MLPClassifier((8,), max_iter=400, tol=1e-3, random_state=0).fit(x, y)
    assert estimator.score(x, y) > 0.9
    copy = pickle.loads(pickle.dumps(estimator))
    assert (copy.predict(x) == estimator.predict(x)).all()


def main() -> None:
    """Check the kernels and the surfaces, then the import."""
    check_instruction_set()
    check_both_surfaces()
    limit, seconds = float(sys.argv[1]), import_seconds()
    print(f"import pynn, and Sequential out of it: {seconds:.3f} s")
    assert seconds <= limit, f"importing must take {limit} s at most"


if __name__ == "__main__":
    main()
