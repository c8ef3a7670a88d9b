"""What an installed wheel must do, and how long importing it may take.

usage: python smoke.py SECONDS      the limit for `import pynn` on top of NumPy

Where NumPy's own import takes longer than 0.075 s, the limit grows in proportion: both read some
hundred files and run their code once. That figure is assumed. What NumPy took where the limit was
set is not on record; on one processor that missed the limit it took 0.105 to 0.113 s.
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

NUMPY_SECONDS = 0.075
IMPORT = """
import sys, time
start = time.perf_counter()
import numpy
after_numpy = time.perf_counter()
import pynn
pynn.Sequential
print(time.perf_counter() - after_numpy, after_numpy - start)
sys.exit("sklearn" in sys.modules or "matplotlib" in sys.modules)
"""


def import_seconds() -> tuple[float, float]:
    """Return the best of many fresh interpreters, of pynn and of NumPy: what a warm disk gives.

    They do not look for pynn in the folder that this is run in: it may be the source's.
    """
    command = [sys.executable, "-P", "-c", IMPORT]
    runs = [
        subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        for _ in range(20)
    ]
    return min(float(own) for own, _ in runs), min(float(numpy) for _, numpy in runs)


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
    seconds, numpy_seconds = import_seconds()
    limit = float(sys.argv[1]) * max(1.0, numpy_seconds / NUMPY_SECONDS)
    print(f"import pynn, and Sequential out of it: {seconds:.3f} s; NumPy: {numpy_seconds:.3f} s")
    assert seconds <= limit, f"importing must take {limit:.3f} s at most"


if __name__ == "__main__":
    main()
