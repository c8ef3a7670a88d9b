"""Speed and accuracy of exported C files: one row, beside pynn's own prediction and emlearn's code.

    pip install emlearn && python bench/c_export.py

Nanoseconds for a row through 8-30-1 and through 784-300-100-10, in float32 with relu: a C program
calls the function in a loop, on one core. emlearn gets a network of scikit-learn's with the same
weights. With --fashion, what int8 loses on Fashion-MNIST, after a few epochs.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import pynn
from pynn import layers, models

SIZES = {"8-30-1": (8, 30, 1), "784-300-100-10": (784, 300, 100, 10)}
_PROGRAM = """\
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>
{include}
static float rows[{count}][{inputs}];
static double now(void) {{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}}
int main(void) {{
  float y[{outputs}] = {{0}}, sum = 0.0f;
  double best = 1e300;
  int i, k, turn;
  for (i = 0; i < {count}; i++)
    for (k = 0; k < {inputs}; k++) rows[i][k] = (float)((i * 31 + k * 17) % 101) / 50.0f - 1.0f;
  for (turn = 0; turn < {turns}; turn++) {{
    const double start = now();
    double taken;
    for (i = 0; i < {count}; i++) {{
      {call}
      sum += y[0];
    }}
    taken = (now() - start) / {count};
    if (taken < best) best = taken;
  }}
  printf("%.1f %g\\n", best, (double)sum);
  return 0;
}}
"""


def network(sizes: tuple[int, ...]) -> Any:
    hidden = [layers.Dense(n, "relu") for n in sizes[1:-1]]
    last = layers.Dense(sizes[-1], "softmax" if sizes[-1] > 1 else None)
    return models.Sequential([layers.Input((sizes[0],)), *hidden, last])


def program_time(
    folder: Path, compiler: list[str], sizes: tuple[int, ...], include: str, call: str,
    sources: list[Path], flags: list[str],
) -> float:  # fmt: skip
    """Return the nanoseconds of a call."""
    count = 1000 if sizes[0] < 100 else 50
    text = _PROGRAM.format(
        include=include, inputs=sizes[0], outputs=sizes[-1], count=count, turns=200, call=call
    )
    program = folder / "program.c"
    program.write_text(text)
    target = folder / "program"
    command = [*compiler, *flags, "-o", str(target), str(program), *map(str, sources), "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    done = subprocess.run([str(target)], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[0])


def pynn_times(model: Any, sizes: tuple[int, ...]) -> tuple[float, float]:
    """Return the nanoseconds of ``predict`` and of the call of a model, for one row."""
    x = np.random.default_rng(0).standard_normal((1, sizes[0])).astype(np.float32)
    found = []
    for function in (lambda: model.predict(x, verbose=0), lambda: model(x)):
        best = np.inf
        for _ in range(30):
            start = time.perf_counter()
            for _ in range(100):
                function()
            best = min(best, (time.perf_counter() - start) / 100)
        found.append(1e9 * best)
    return found[0], found[1]


def emlearn_file(model: Any, sizes: tuple[int, ...], folder: Path) -> str:
    """Write emlearn's code for the same weights, and return the call of it."""
    import emlearn
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    rng = np.random.default_rng(0)
    n = sizes[-1]
    y = np.arange(4 * n + 8) % max(n, 2)
    kind = MLPClassifier if n > 1 else MLPRegressor
    known = kind(hidden_layer_sizes=sizes[1:-1], max_iter=1)
    known.fit(rng.standard_normal((len(y), sizes[0])), y)
    weights = [each.astype(float) for each in model.get_weights()]
    known.coefs_, known.intercepts_ = weights[::2], weights[1::2]
    converted = emlearn.convert(known, method="loadable")
    converted.save(name="network", file=str(folder / "network.h"))
    if n > 1:
        return f"(void)eml_net_predict_proba(&network, rows[i], {sizes[0]}, y, {n});"
    return f"y[0] = network_regress1(rows[i], {sizes[0]});"


def measure(name: str, compiler: list[str], flags: list[str], folder: Path) -> None:
    sizes = SIZES[name]
    model = network(sizes)
    print(f"{name}, one row, nanoseconds")
    predict, call = pynn_times(model, sizes)
    print(f"  pynn: model.predict(x) {predict:,.0f}, model(x) {call:,.0f}")
    x = np.random.default_rng(0).standard_normal((500, sizes[0])).astype(np.float32)
    for kind, options in {
        "float": {},
        "int8": {"quantize": "int8", "calibration": x, "verbose": False},
    }.items():
        pynn.export.c(model, folder / "m.c", **options)
        for extra in ([], ["-march=native"]):
            taken = program_time(
                folder, compiler, sizes, '#define M_DECLARATIONS\n#include "m.c"',
                "m_predict(rows[i], y);", [folder / "m.c"], [*flags, *extra, f"-I{folder}"],
            )  # fmt: skip
            print(f"  exported, {kind}, {' '.join([*compiler, *flags, *extra])}: {taken:,.1f}")
    try:
        import emlearn
    except ImportError:
        print("  emlearn: not installed")
        return
    statement = emlearn_file(model, sizes, folder)
    included = [f"-I{emlearn.includedir}", f"-I{folder}", "-w", "-std=gnu99"]
    for extra in ([], ["-march=native"]):
        taken = program_time(
            folder,
            compiler,
            sizes,
            '#include "network.h"',
            statement,
            [],
            [*flags, *extra, *included],
        )
        print(f"  emlearn, float, {' '.join([*compiler, *flags, *extra])}: {taken:,.1f}")


def fashion(folder: Path) -> None:
    """Print what int8 loses."""
    (x, y), (x_test, y_test) = pynn.datasets.fashion_mnist.load_data()
    x, x_test = (a.reshape(len(a), 784).astype(np.float32) / 255 for a in (x, x_test))
    pynn.utils.set_random_seed(0)
    model = network(SIZES["784-300-100-10"])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[5000:], y[5000:], batch_size=64, epochs=5, verbose=0)
    print("Fashion-MNIST, 5 epochs, rows that were not trained on:")
    print(
        pynn.export.c(
            model, folder / "m.c", quantize="int8", calibration=x[:5000], labels=y[:5000],
            verbose=False,
        )
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--fashion", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if given.fashion:
            fashion(Path(made))
            return
        for name in SIZES:
            measure(name, given.cc.split(), ["-std=c99", "-O3"], Path(made))


if __name__ == "__main__":
    main()
