"""What does a product of the Hessian and a vector cost, beside JAX's?

``python bench/hessian.py`` multiplies the Hessian of the squared error of 8-30-1 by a vector, with
two tapes, and with ``jax.jvp`` of ``jax.grad``, compiled and not, one after the other in turn, and
prints the least times and their ratios. It also checks that they are the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import pynn
from pynn import layers, ops

ROWS = 32


def least(functions: dict[str, Callable[[], Any]], rounds: int, calls: int) -> dict[str, float]:
    """Return the least mean time of a call, in seconds, of functions that run in turn."""
    found = dict.fromkeys(functions, float("inf"))
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(calls):
                function()
            found[name] = min(found[name], (time.perf_counter() - start) / calls)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=50)
    options = parser.parse_args()
    pynn.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = pynn.Sequential([pynn.Input((8,)), layers.Dense(30, "tanh"), layers.Dense(1)])
    weights = model.trainable_weights
    x = rng.standard_normal((ROWS, 8)).astype("float32")
    y = rng.standard_normal((ROWS, 1)).astype("float32")
    vectors = [rng.standard_normal(weight.shape).astype("float32") for weight in weights]

    def with_tapes() -> Any:
        with pynn.Tape() as outer:
            with pynn.Tape() as inner:
                loss = ops.mean(ops.square(model(x, training=True) - y))
            slopes = inner.gradient(loss, weights)
        return outer.gradient(slopes, weights, output_gradients=vectors)

    def error(values: Any) -> Any:
        hidden = jnp.tanh(x @ values[0] + values[1])
        return jnp.mean((hidden @ values[2] + values[3] - y) ** 2)

    def with_jax(values: Any, tangents: Any) -> Any:
        return jax.jvp(jax.grad(error), (values,), (tangents,))[1]

    compiled = jax.jit(with_jax)
    values = [jnp.asarray(weight.numpy()) for weight in weights]
    tangents = [jnp.asarray(vector) for vector in vectors]
    functions = {
        "pynn": with_tapes,
        "JAX": lambda: jax.block_until_ready(with_jax(values, tangents)),
        "JAX, compiled": lambda: jax.block_until_ready(compiled(values, tangents)),
    }
    for mine, theirs in zip(with_tapes(), compiled(values, tangents), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    for function in functions.values():
        function()
    found = least(functions, options.rounds, options.calls)
    for name, seconds in found.items():
        print(f"{name:14} {seconds * 1e6:8.1f} us, {seconds / found['pynn']:.2f} of pynn's")


if __name__ == "__main__":
    main()
