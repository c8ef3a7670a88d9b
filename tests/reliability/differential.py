"""Random networks, computed by the engine and node by node in NumPy, on every instruction set.

A network is drawn from a `random.Random`, be it of a seed or of Hypothesis. In float64 engine and
NumPy agree to rounding in predictions, losses and weights after steps of an optimizer; instruction
sets with FMA agree in every bit.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import _core, layers, losses, ops, optimizers
from pynn.graph import _plan
from pynn.graph._interpreting_trainer import InterpretingTrainer
from pynn.optimizers.schedules import PiecewiseConstantDecay

WIDTHS = (1, 2, 3, 7, 15, 16, 17, 33)
ROWS = (1, 2, 7, 8, 9, 31, 32, 33, 70)
ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "selu", "softplus", "softsign")
# A network of some layers chains a few hundred roundings, and batches without much variance
# amplify them.
RELATIVE, ABSOLUTE = 1e-6, 1e-8
BLOCK = 500  # networks of a process
FMA_ISAS = [isa for isa in _core.available_isas() if isa != "scalar"]


def dense(rng: random.Random, x: Any) -> Any:
    activation = rng.choice([None, *ACTIVATIONS])
    return layers.Dense(rng.choice(WIDTHS), activation, use_bias=rng.random() < 0.8)(x)


def halves(rng: random.Random, x: Any) -> Any:
    n = x.shape[-1]
    middle = rng.randrange(n + 1)
    return ops.concatenate([x[:, middle:], x[:, :middle]], axis=-1)


def einsum(rng: random.Random, x: Any) -> Any:
    """Rows in parts, through a kernel that shares some of their axes."""
    n = x.shape[-1]
    parts = rng.choice([d for d in range(1, n + 1) if n % d == 0])
    kernel = rng.sample("gic", rng.randint(1, 3))
    result = rng.sample("gi", rng.randint(0 if "c" in kernel else 1, 2))
    if "c" in kernel:
        result.insert(rng.randint(0, len(result)), "c")
    sizes = {"g": parts, "i": n // parts, "c": rng.choice((1, 2, 3))}
    made = layers.EinsumDense(
        f"bgi,{''.join(kernel)}->b{''.join(result)}", [sizes[axis] for axis in result]
    )
    return layers.Flatten()(made(ops.reshape(x, (-1, parts, n // parts))))


def folded(rng: random.Random, x: Any) -> Any:
    n = x.shape[-1]
    parts = rng.choice([d for d in range(1, n + 1) if n % d == 0])
    rows = ops.reshape(x, (-1, parts, n // parts))
    reduce = rng.choice([ops.sum, ops.mean, ops.max])
    return reduce(rows, axis=rng.choice([1, 2]))


ONE: list[Callable[[random.Random, Any], Any]] = [
    dense,
    dense,
    dense,
    halves,
    folded,
    einsum,
    lambda rng, x: layers.Activation(rng.choice(ACTIVATIONS))(x),
    lambda rng, x: layers.BatchNormalization()(x),
    lambda rng, x: layers.LayerNormalization()(x),
    lambda rng, x: layers.Softmax()(x),
    lambda rng, x: layers.PReLU()(x),
    lambda rng, x: ops.exp(-ops.square(x)) + rng.uniform(-1, 1) * x,
    lambda rng, x: x / (1.0 + ops.abs(x)),
    lambda rng, x: ops.where(x > rng.uniform(-1, 1), ops.tanh(x), rng.uniform(-1, 1) * x),
    lambda rng, x: x * ops.mean(x, axis=-1, keepdims=True),
    lambda rng, x: ops.clip(x, -1.5, rng.uniform(0.5, 1.5)),
    lambda rng, x: ops.log1p(ops.square(x)) - ops.logsumexp(x, axis=-1, keepdims=True),
    lambda rng, x: ops.sin(x),  # which the engine does not have
]
TWO = [layers.Add, layers.Multiply, layers.Subtract, layers.Average, layers.Maximum, layers.Minimum]


def own_loss(y_true: Any, y_pred: Any) -> Any:
    e = y_true - y_pred
    return ops.mean(ops.where(ops.abs(e) < 0.7, ops.square(e), ops.log1p(ops.abs(e))), axis=-1)


LOSSES: list[Any] = [
    *("mse", "mae", "huber", "log_cosh"),
    own_loss,
    losses.MeanSquaredError("mean_with_sample_weight"),
    losses.LossFunctionWrapper(own_loss, "mean_with_sample_weight"),
]
DECAY = PiecewiseConstantDecay([0], [0.3, 0.01])
OPTIMIZERS: list[Callable[[], Any]] = [
    lambda: optimizers.SGD(0.05),
    lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    lambda: optimizers.SGD(0.05, global_clipnorm=0.5),
    lambda: optimizers.Adam(0.01, epsilon=1e-3),
    lambda: optimizers.AdamW(0.01, weight_decay=0.1, epsilon=1e-3),
    lambda: optimizers.AdamW(0.01, weight_decay=DECAY, epsilon=1e-3),
    lambda: optimizers.Nadam(0.01, epsilon=1e-3),
    lambda: optimizers.RMSprop(0.01, epsilon=1e-3),
    lambda: optimizers.Adagrad(0.05),
]


class Case:
    """A network with data, a loss and an optimizer.

    Parameters
    ----------
    rng : random.Random
    """

    def __init__(self, rng: random.Random) -> None:
        pynn.utils.set_random_seed(rng.randrange(2**31))
        pynn.config.set_floatx("float64")
        try:
            inputs = [pynn.Input((rng.choice(WIDTHS),)) for _ in range(rng.choice((1, 1, 2)))]
            pool = list(inputs)
            for _ in range(rng.randint(1, 7)):
                x = rng.choice(pool[-3:])
                alike = [t for t in pool if t is not x and t.shape == x.shape]
                if alike and rng.random() < 0.5:
                    pool.append(rng.choice(TWO)()([x, rng.choice(alike)]))
                elif rng.random() < 0.1:
                    pool.append(layers.Concatenate()([x, rng.choice(pool)]))
                else:
                    pool.append(rng.choice(ONE)(rng, x))
            ends = [pool[-1], *rng.sample(pool, rng.choice((0, 0, 1)))]
            outputs = [layers.Dense(rng.choice((1, 3, 16)))(end) for end in ends]
        finally:
            pynn.config.set_floatx("float32")
        self.model = pynn.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
        numbers = np.random.default_rng(rng.randrange(2**31))
        rows = rng.choice(ROWS)
        self.x = [numbers.standard_normal((rows, x.shape[-1])) for x in inputs]
        self.y = [numbers.standard_normal((rows, y.shape[-1])) for y in outputs]
        self.weights = numbers.uniform(0, 2, rows) if rng.random() < 0.3 else None
        if self.weights is not None and rng.random() < 0.1:
            self.weights[:] = 0.0
        self.loss = rng.choice(LOSSES)
        self.optimizer = rng.choice(OPTIMIZERS)
        start = self.model.get_weights()
        self.start = [w + 0.1 * numbers.standard_normal(w.shape) for w in start]
        for kept, moved, weight in zip(start, self.start, self.model.weights, strict=True):
            if not weight.trainable:
                moved[...] = kept  # variances stay positive

    def results(self, model: Any) -> list[np.ndarray]:
        """Return predictions, losses and weights of a model, before and after steps."""
        model.set_weights(self.start)
        model.compile(self.optimizer(), self.loss)
        given: dict[str, Any] = {"y": self.y, "sample_weight": self.weights}
        found = [np.asarray(p) for p in as_list(model.predict(self.x, verbose=0))]
        found.append(np.asarray(model.evaluate(self.x, **given, verbose=0)))
        for _ in range(2):
            found.append(np.asarray(model.train_on_batch(self.x, **given)))
            found += model.get_weights()
        return found

    def in_numpy(self) -> list[np.ndarray]:
        """Return the same of a copy of the model that the engine has no part in."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_plan, "lower_to_engine", lambda *args, **kwargs: "nothing")
            copy = pynn.models.clone_model(self.model)
            found = self.results(copy)
            assert isinstance(copy._trainers._trainer, InterpretingTrainer)
        return found


def as_list(x: Any) -> list[Any]:
    return x if isinstance(x, list) else [x]


def check(rng: random.Random) -> str:
    """Compare engine and NumPy on a network; return a digest of the engine's bits."""
    case = Case(rng)
    native = case.results(case.model)
    for one, other in zip(native, case.in_numpy(), strict=True):
        np.testing.assert_allclose(one, other, rtol=RELATIVE, atol=ABSOLUTE)
    return hashlib.sha256(b"".join(a.tobytes() for a in native)).hexdigest()[:16]


def digests(first: int, end: int, seed: int, isa: str) -> list[str]:
    """Return digests of some networks of a seed in a process of its own, on an instruction set."""
    folders = [str(Path(__file__).resolve().parents[1]), *sys.path]
    result = subprocess.run(
        [sys.executable, "-m", "reliability.differential", *map(str, (first, end, seed))],
        env={**os.environ, "PYNN_ISA": isa, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{isa}: {result.stderr[-3000:]}"
    found: list[str] = json.loads(result.stdout)
    return found


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Compare `count` networks on every instruction set."""
    for first in range(0, count, BLOCK):
        end = min(first + BLOCK, count)
        found = {isa: digests(first, end, seed, isa) for isa in _core.available_isas()}
        for isa in FMA_ISAS[1:]:
            pairs = zip(found[FMA_ISAS[0]], found[isa], strict=True)
            for number, pair in enumerate(pairs, first):
                assert pair[0] == pair[1], f"network {number} of seed {seed}: {FMA_ISAS[0]}, {isa}"
        yield {"networks": end, "on": list(found)}


if __name__ == "__main__":
    first, end, seed = map(int, sys.argv[1:])
    made = []
    for i in range(first, end):
        try:
            made.append(check(random.Random(f"{seed}.{i}")))
        except BaseException:
            print(f"network {i} of seed {seed}", file=sys.stderr)
            raise
    print(json.dumps(made))
