"""JAX: a whole epoch as one compiled ``lax.scan``, its fastest way to train.

Rows past the last whole batch are left out, as a scan needs equal batches. Neither the loss nor the
accuracy of an epoch is added up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from measuring import data
from measuring.work import Prediction, Training

_MOMENTUM = 0.99  # of the moving averages of batch normalization, Keras's default


def set_threads(threads: int) -> None:
    """Leave the pool as it is: a thread for every processor."""


def initial(case: Training | Prediction) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    layers = []
    for a, b in zip(case.sizes, case.sizes[1:], strict=False):
        w = rng.uniform(-1, 1, (a, b)) * (6 / (a + b)) ** 0.5
        layers.append({"w": jnp.asarray(w, case.dtype), "b": jnp.zeros(b, case.dtype)})
        if getattr(case, "batch_norm", False) and len(layers) < len(case.sizes) - 1:
            layers[-1] |= {"scale": jnp.ones(b, case.dtype), "shift": jnp.zeros(b, case.dtype)}
    return layers


def forward(layers: list[Any], x: Any, dropout: float = 0.0, key: Any = None) -> tuple[Any, Any]:
    """Return the last layer's sums, and mean and variance of each normalized layer."""
    moments = []
    for i, layer in enumerate(layers):
        x = x @ layer["w"] + layer["b"]
        if i == len(layers) - 1:
            break
        if "scale" in layer:
            mean, variance = x.mean(axis=0), x.var(axis=0)
            moments.append((mean, variance))
            x = (x - mean) * jax.lax.rsqrt(variance + 1e-3) * layer["scale"] + layer["shift"]
        x = jax.nn.relu(x)
        if dropout:
            kept = jax.random.bernoulli(jax.random.fold_in(key, i), 1 - dropout, x.shape)
            x = jnp.where(kept, x / (1 - dropout), 0)
    return x, moments


def train(case: Training) -> Callable[[], object]:
    x, y = data.load(case.data, case.dtype)
    x, y = jnp.asarray(x[: case.rows]), jnp.asarray(y[: case.rows])
    steps = case.rows // case.batch  # of one epoch
    rng = np.random.default_rng(0)

    def loss(layers: Any, rows: Any, key: Any) -> tuple[Any, Any]:
        z, moments = forward(layers, x[rows], case.dropout, key)
        if case.classifies:
            chosen = jnp.take_along_axis(jax.nn.log_softmax(z), y[rows][:, None], 1)
            return -jnp.mean(chosen), moments
        return jnp.mean((z[:, 0] - y[rows]) ** 2), moments

    def sgd(layers: Any, state: Any, gradients: Any) -> tuple[Any, Any]:
        return jax.tree.map(lambda p, g: p - case.rate * g, layers, gradients), state

    def adam(layers: Any, state: Any, gradients: Any) -> tuple[Any, Any]:
        first, second, t = state
        t = t + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        layers = jax.tree.map(
            lambda p, m, v: (
                p - case.rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-7)
            ),
            layers,
            first,
            second,
        )
        return layers, (first, second, t)

    update = {"sgd": sgd, "adam": adam}[case.optimizer]

    @jax.jit
    def epoch(carry: Any, order: Any) -> Any:
        def step(carry: Any, rows: Any) -> tuple[Any, None]:
            layers, state, averages, key = carry
            if case.dropout:
                key, used = jax.random.split(key)
            else:
                used = key
            gradients, moments = jax.grad(loss, has_aux=True)(layers, rows, used)
            layers, state = update(layers, state, gradients)
            averages = jax.tree.map(
                lambda old, new: _MOMENTUM * old + (1 - _MOMENTUM) * new, averages, moments
            )
            return (layers, state, averages, key), None

        return jax.lax.scan(step, carry, order)[0]

    layers = initial(case)
    zeros = jax.tree.map(jnp.zeros_like, layers)
    state = (zeros, zeros, jnp.float32(0)) if case.optimizer == "adam" else ()
    key = jax.random.PRNGKey(0)
    averages = jax.tree.map(jnp.zeros_like, forward(layers, x[:2], case.dropout, key)[1])
    carry = (layers, state, averages, key)

    def fit() -> None:
        nonlocal carry
        for _ in range(case.epochs):
            order = rng.permutation(case.rows)[: steps * case.batch].reshape(steps, case.batch)
            carry = epoch(carry, jnp.asarray(order))
        jax.block_until_ready(carry)

    return fit


def predict(case: Prediction) -> Callable[[], object]:
    x = np.ascontiguousarray(data.load(case.data, case.dtype)[0][: case.rows])
    layers = initial(case)

    @jax.jit
    def outputs(layers: Any, x: Any) -> Any:
        z = forward(layers, x)[0]
        return jax.nn.softmax(z) if case.classifies else z

    return lambda: np.asarray(outputs(layers, x))
