"""Models with random layers: all kinds that the engine has, and several inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pynn import _core, activations, graph, layers, models, ops, utils

# Steps jump where two sums differ in their last bit, and an exponential multiplies the rounding of
# a large number by itself.
STEPS = {"heaviside", "sign", "threshold"}
ENGINE = sorted({*_core.activation_names()} - STEPS - {"gelu_tanh", "exponential"})
COMPOSED = [
    "celu",
    "glu",
    "hard_shrink",
    "hard_silu",
    "hard_tanh",
    "log_sigmoid",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
]


class Made:
    """A random model while it is put together.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.adapted: list[tuple[Any, Any]] = []

    def pick(self, things: Any) -> Any:
        return things[int(self.rng.integers(len(things)))]

    def width(self) -> int:
        return int(self.rng.integers(1, self.pick([4, 12, 40])))

    def dense(self, x: Any) -> Any:
        activation = self.pick([None, "relu", "tanh", "softmax", *ENGINE])
        units = self.width() + (activation == "softmax")
        return layers.Dense(units, activation, use_bias=bool(self.rng.integers(2)))(x)

    def activation(self, x: Any) -> Any:
        name = self.pick([*ENGINE, *COMPOSED, "softmax", "log_softmax", "threshold"])
        if name == "threshold":
            return layers.ReLU(float(self.pick([6.0, 2.0])), 0.1)(x)
        if x.shape[-1] == 1 and name in ("glu", "softmax", "log_softmax", "sparsemax"):
            return x
        if name == "glu" and x.shape[-1] % 2:
            return x
        return getattr(activations, name)(x)

    def one(self, x: Any) -> Any:
        """A layer of one input that keeps rows flat."""
        makers: list[Callable[[Any], Any]] = [
            self.dense,
            self.dense,
            self.activation,
            lambda x: layers.BatchNormalization()(x),
            lambda x: layers.LayerNormalization()(x),
            lambda x: layers.RMSNormalization()(x),
            lambda x: layers.UnitNormalization()(x),
            lambda x: layers.Dropout(0.3)(x),
            lambda x: layers.GaussianNoise(0.3)(x),
            lambda x: layers.AlphaDropout(0.3)(x),
            lambda x: layers.PReLU()(x),
            lambda x: layers.LeakyReLU(0.1)(x),
            lambda x: layers.ELU(0.7)(x),
            lambda x: layers.Rescaling(0.5, 0.25)(x),
            lambda x: layers.Normalization(mean=0.3, variance=2.0)(x),
            lambda x: layers.ActivityRegularization(0.1)(x),
            lambda x: layers.FeatureScale()(x),
            lambda x: layers.Flatten()(layers.PeriodicEmbedding(3, 2)(x)),
            self.piecewise,
            lambda x: layers.Concatenate()([x, self.dense(x)]),
            lambda x: layers.Add()([x, layers.Dense(x.shape[-1], "tanh")(x)]),
            lambda x: ops.multiply(x, 0.5) + ops.mean(x, axis=-1, keepdims=True),
            lambda x: ops.where(ops.abs(x) > 10.0, 0.0, ops.sqrt(ops.square(x) + 0.5)),
            lambda x: layers.Flatten()(layers.RepeatVector(2)(x)),
            lambda x: x[:, ::-1],
            lambda x: x[:, : (x.shape[-1] + 1) // 2],
            lambda x: activations.exponential(ops.tanh(x)),
            lambda x: 0.3 * (ops.max(x, axis=-1, keepdims=True) - x),
            self.matrix,
        ]
        return self.pick(makers)(x)

    def piecewise(self, x: Any) -> Any:
        """Values between bins, which begin with slopes of their own."""
        layer = layers.PiecewiseLinearEmbedding(3, 2)
        layer.adapt(self.rng.normal(size=(20, x.shape[-1])))
        y = layer(x)
        layer.bins.assign(self.rng.normal(size=layer.bins.shape))
        return y

    def matrix(self, x: Any) -> Any:
        """Rows as small matrices, with what acts along their axes."""
        n = x.shape[-1]
        columns = next(k for k in (3, 2, 1) if n % k == 0)
        x = layers.Reshape((n // columns, columns))(x)
        makers = [
            lambda x: layers.Dense(self.width(), "relu")(x),
            lambda x: layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")(x),
            lambda x: layers.Permute((2, 1))(x),
            lambda x: ops.sum(x, axis=1, keepdims=True),
            lambda x: layers.LayerNormalization()(x),
            lambda x: layers.Softmax(axis=1)(x) if x.shape[1] > 1 else x,
            lambda x: ops.cast(ops.argmax(x, axis=-1, keepdims=True), "float32") + x,
        ]
        for _ in range(int(self.rng.integers(1, 3))):
            x = self.pick(makers)(x)
        return layers.Flatten()(x)

    def several(self, xs: list[Any]) -> Any:
        if len(xs) == 1 or self.rng.integers(2):
            return layers.Concatenate()(xs) if len(xs) > 1 else xs[0]
        units = self.width()
        alike = [layers.Dense(units)(x) for x in xs]
        merges = [layers.Add, layers.Average, layers.Maximum, layers.Minimum, layers.Multiply]
        if len(alike) == 2:
            merges.append(layers.Subtract)
        return self.pick(merges)()(alike)

    def model(self) -> Any:
        inputs, given = [], []
        for i in range(int(self.pick([1, 1, 1, 2, 3]))):
            kind = self.pick(["flat", "flat", "flat", "matrix", "codes"])
            if kind == "codes" and i:
                x = layers.Input((2,), dtype="int32", name=f"codes {i}")
                inputs.append(x)
                given.append(layers.Flatten()(layers.Embedding(5, 3)(x)))
                continue
            shape = (self.width(),) if kind == "flat" else (3, self.width())
            x = layers.Input(shape, name=f"x{i}")
            inputs.append(x)
            given.append(x if kind == "flat" else layers.Flatten()(x))
        x = self.several(given)
        for _ in range(int(self.rng.integers(1, 7))):
            x = self.one(x)
        outputs = [self.dense(x)]
        if self.rng.integers(3) == 0:
            outputs.append(layers.Dense(self.width(), "sigmoid")(self.one(x)))
        model = models.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
        self.disturb(model)
        return model

    def disturb(self, model: Any) -> None:
        """Give all weights numbers that no initializer gives."""
        values = model.get_weights()
        for i, (value, weight) in enumerate(zip(values, model.weights, strict=True)):
            noise = self.rng.standard_normal(value.shape).astype(value.dtype)
            if "variance" in weight.name:
                values[i] = np.abs(noise) + 0.5
            elif value.ndim < 2:
                values[i] = value + 0.3 * noise
        model.set_weights(values)

    def rows(self, model: Any, n: int = 17) -> list[np.ndarray]:
        return [
            self.rng.integers(0, 5, (n, *x.shape[1:])).astype(x.dtype)
            if x.dtype == "int32"
            else self.rng.standard_normal((n, *x.shape[1:])).astype(np.float32)
            for x in model.inputs
        ]


def largest_number(model: Any, rows: list[np.ndarray]) -> float:
    """The largest of all numbers that a network computes, at least 1: it is what sums round to."""
    found = graph.engine_graph(model._plan())
    inner = [i for i, node in enumerate(found.nodes) if node.kind not in ("input", "variable")]
    executor = _core.Executor(found.graph, found.inputs, inner)
    values = executor.predict([graph.to_rows(x.reshape(len(x), -1)) for x in rows], len(rows[0]), 0)
    return max(1.0, *(float(np.abs(each[np.isfinite(each)]).max(initial=0.0)) for each in values))


def random_model(seed: int) -> tuple[Any, list[np.ndarray]]:
    """A model, and rows to predict."""
    utils.set_random_seed(seed)
    made = Made(seed)
    model = made.model()
    return model, made.rows(model)
