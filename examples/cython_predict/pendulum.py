"""Learn how a pendulum moves, and roll it out a thousand times.

usage: python pendulum.py [--quick]
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from rollouts import roll_out

import pynn
from pynn.cython_predict import Predictor

STEP = 0.05  # s


def change(state):
    """Return by how much angles and speeds change in a step, shape (n, 2)."""
    middle = state + STEP / 2 * np.column_stack([state[:, 1], -9.81 * np.sin(state[:, 0])])
    return STEP * np.column_stack([middle[:, 1], -9.81 * np.sin(middle[:, 0])])


quick = "--quick" in sys.argv
n_rollouts, n_steps = (50, 100) if quick else (1000, 200)

rng = np.random.default_rng(0)
x = rng.uniform([-2, -6], [2, 6], (20_000, 2)).astype("float32")
y = change(x).astype("float32")
pynn.utils.set_random_seed(0)
model = pynn.Sequential([pynn.Input((2,)), pynn.layers.Dense(32, "tanh"), pynn.layers.Dense(2)])
model.compile("adam", "mse")
model.fit(x, y, batch_size=64, epochs=5 if quick else 40, verbose=0)

predictor = Predictor(model, threads=2)
states = np.zeros((n_rollouts, n_steps, 2), "float32")
states[:, 0] = rng.uniform([-1, -1], [1, 1], (n_rollouts, 2))
start = time.perf_counter()
with ThreadPoolExecutor(2) as pool:
    list(pool.map(lambda part: roll_out(predictor, part), np.array_split(states, 2)))
seconds = time.perf_counter() - start
microseconds = seconds / (n_rollouts * (n_steps - 1)) * 1e6
print(f"{n_rollouts} rollouts of {n_steps} steps: {microseconds:.2f} µs a step")

by_python = states[0].copy()
for step in range(1, n_steps):
    row = by_python[step - 1 : step]
    by_python[step] = model.predict(row, verbose=0)[0] + row[0]
print("the same bits as Python's:", np.array_equal(by_python, states[0]))

true = states[:, 0].astype(float)
for _ in range(20):
    true += change(true)
print(
    f"mean error of the angle after a second: {abs(states[:, 20, 0] - true[:, 0]).mean():.3f} rad"
)
