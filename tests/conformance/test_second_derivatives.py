"""Gradients of gradients, of 100 random networks: against JAX's, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pynn
from pynn import layers, ops

# Of the largest entry of a gradient.
ALLOWED = 1e-5
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "elu": jax.nn.elu,
    "exponential": jnp.exp,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "leaky_relu": lambda x: jax.nn.leaky_relu(x, 0.2),
    "linear": lambda x: x,
    "log_softmax": jax.nn.log_softmax,
    "mish": lambda x: x * jnp.tanh(jax.nn.softplus(x)),
    "relu": jax.nn.relu,
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "softmax": jax.nn.softmax,
    "softplus": jax.nn.softplus,
    "softsign": jax.nn.soft_sign,
    "tanh": jnp.tanh,
}
WIDTHS = (2, 3, 8)
ROWS = 5


@pytest.fixture(autouse=True)
def _in_float64() -> Iterator[None]:
    before, in_jax = pynn.backend.floatx(), jax.config.read("jax_enable_x64")
    pynn.backend.set_floatx("float64")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", in_jax)
    pynn.backend.set_floatx(before)


def drawn(seed: int) -> tuple[pynn.Model, list[str], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.choice(sorted(ACTIVATIONS), rng.integers(1, 4))]
    widths = rng.choice(WIDTHS, len(names) + 2)
    model = pynn.Sequential(
        [
            pynn.Input((int(widths[0]),)),
            *(layers.Dense(int(n), name) for n, name in zip(widths[1:], names, strict=False)),
            layers.Dense(int(widths[-1])),
        ]
    )
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.7, weight.shape))
    x = rng.standard_normal((ROWS, int(widths[0])))
    return model, names, x, rng.standard_normal((ROWS, int(widths[-1])))


def check(found: Any, expected: Any) -> None:
    for mine, theirs in zip(found, expected, strict=True):
        truth = np.asarray(theirs)
        mine = np.zeros(truth.shape) if mine is None else np.asarray(mine)
        scale = max(np.abs(truth).max(), 1.0)
        np.testing.assert_allclose(mine, truth, rtol=0, atol=ALLOWED * scale)


@pytest.mark.parametrize("seed", range(100))
def test_as_jax(seed: int) -> None:
    model, names, x, y = drawn(seed)
    weights = model.trainable_weights
    functions = [*(ACTIVATIONS[name] for name in names), ACTIVATIONS["linear"]]

    def network(weights: Any, x: Any) -> Any:
        for i, function in enumerate(functions):
            x = function(x @ weights[2 * i] + weights[2 * i + 1])
        return x

    def error(weights: Any) -> Any:
        return jnp.mean((network(weights, jnp.asarray(x)) - y) ** 2)

    def slope_penalty(weights: Any, x: Any) -> Any:
        slope = jax.grad(lambda x: jnp.sum(network(weights, x) * y))(x)
        return jnp.mean(jnp.sum(slope**2, axis=1))

    values = [jnp.asarray(weight.numpy()) for weight in weights]
    rng = np.random.default_rng(seed)
    vectors = [rng.standard_normal(weight.shape) for weight in weights]

    with pynn.Tape() as outer:
        outer.watch(x)
        with pynn.Tape() as inner:
            predicted = model(x, training=True)
        slope = inner.gradient(predicted, x, output_gradients=y)
        penalty = ops.mean(ops.sum(ops.square(slope), axis=1))
    *mine, by_x = outer.gradient(penalty, [*weights, x])
    theirs = jax.grad(slope_penalty, argnums=(0, 1))(values, jnp.asarray(x))
    check([*mine, by_x], [*theirs[0], theirs[1]])

    with pynn.Tape() as outer:
        with pynn.Tape() as inner:
            loss = ops.mean(ops.square(model(x, training=True) - y))
        slopes = inner.gradient(loss, weights)
    product = outer.gradient(slopes, weights, output_gradients=vectors)
    tangents = ([jnp.asarray(vector) for vector in vectors],)
    _, expected = jax.jvp(jax.grad(error), (values,), tangents)
    check(product, expected)
