"""RealMLP.

Source: Holzmüller et al., 2024, "Better by default: strong pre-tuned MLPs and boosted trees on
tabular data". Factors of learning rates are made by weights that are smaller by the factor and
multiplied by it, of which Adam's steps know nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import activations, initializers, layers, losses, models, ops, optimizers
from pynn.estimators.tabular._network import Network, TableShape
from pynn.estimators.tabular._recipes import CLASSIFICATION, RealMLPRecipe

# A bias is minus a mean of what so many rows give.
_ROWS_OF_A_BIAS = 5
_TERMS_OF_COSINE = 7


class _Scale(layers.Layer):
    """A factor for each input."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def build(self, shape: Any) -> None:
        initial = initializers.Constant(1.0 / self.factor)
        self.scale = self.add_weight(shape=(shape[-1],), initializer=initial, name="scale")

    def call(self, inputs: Any) -> Any:
        return inputs * (self.scale * self.factor)


class _Dense(layers.Layer):
    """``x @ w / sqrt(fan_in) + b``, the neural tangent parametrization."""

    def __init__(self, units: int, bias_rate: float, zero: bool = False) -> None:
        super().__init__()
        self.units = units
        self.bias_rate = bias_rate
        self.zero = zero

    def build(self, shape: Any) -> None:
        self.factor = 1.0 / math.sqrt(shape[-1])
        normal: Any = initializers.RandomNormal(0.0, 1.0)
        bias: Any = initializers.RandomNormal(0.0, 1.0 / self.bias_rate)
        if self.zero:
            normal = bias = "zeros"
        self.kernel = self.add_weight(
            shape=(shape[-1], self.units), initializer=normal, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.units,), initializer=bias, name="bias")

    def call(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.kernel) * self.factor + self.bias * self.bias_rate


class _Parametric(layers.Layer):
    """``x + (f(x) - x) a`` with a factor for each unit, which begins with 1."""

    def __init__(self, activation: str, rate: float) -> None:
        super().__init__()
        self.activation = activations.get(activation)
        self.rate = rate

    def build(self, shape: Any) -> None:
        initial = initializers.Constant(1.0 / self.rate)
        self.share = self.add_weight(shape=(shape[-1],), initializer=initial, name="share")

    def call(self, inputs: Any) -> Any:
        return inputs + (self.activation(inputs) - inputs) * (self.share * self.rate)


class _Periodic(layers.Layer):
    """Each number x becomes ``(W2 cos(2 pi w1 x + b1) + b2, x)``."""

    def __init__(self, recipe: RealMLPRecipe) -> None:
        super().__init__()
        self.recipe = recipe

    def build(self, shape: Any) -> None:
        recipe, n = self.recipe, shape[-1]
        rate, k, size = recipe.periodic_rate, recipe.n_frequencies, recipe.periodic_size - 1
        self.n_numbers = n
        bound = 1.0 / math.sqrt(k) / rate

        def weight(name: str, count: int, initializer: Any) -> Any:
            return self.add_weight(shape=(count,), initializer=initializer, name=name)

        deviation = recipe.frequency_scale / rate
        self.frequencies = weight("frequencies", n * k, initializers.RandomNormal(0.0, deviation))
        half_turn = initializers.RandomUniform(-0.5 / rate, 0.5 / rate)
        self.phases = weight("phases", n * k, half_turn)
        uniform = initializers.RandomUniform(-bound, bound)
        self.kernels = [weight(f"kernel_{i}", n * k, uniform) for i in range(size)]
        self.biases = [weight(f"bias_{i}", n, uniform) for i in range(size)]

    def call(self, inputs: Any) -> Any:
        rate, k, n = self.recipe.periodic_rate, self.recipe.n_frequencies, self.n_numbers
        repeated = ops.take(inputs, np.repeat(np.arange(n), k), axis=-1)
        cosines = _cosine(repeated * (self.frequencies * rate) + self.phases * rate)
        parts = [
            ops.sum(ops.reshape(cosines * (kernel * rate), (-1, n, k)), axis=2) + bias * rate
            for kernel, bias in zip(self.kernels, self.biases, strict=True)
        ]
        return ops.concatenate([*parts, inputs], axis=-1)


def _cosine(turns: Any) -> Any:
    """Return the cosine of an angle in turns: Taylor's polynomial of degree 14, error 4e-6."""
    turns = turns - ops.floor(turns + 0.5)
    square = turns * turns * (4.0 * math.pi**2)
    cosine: Any = 1.0
    for term in range(_TERMS_OF_COSINE, 0, -1):
        cosine = 1.0 - square * cosine * (1.0 / ((2 * term - 1) * (2 * term)))
    return cosine


class _Rate:
    """The learning rate at a step: four waves of a cosine, ever longer."""

    def __init__(self, rate: float, steps: int) -> None:
        self.rate = rate
        self.steps = steps

    def __call__(self, step: Any) -> float:
        t = min(float(step), self.steps) / self.steps
        return self.rate * 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + 15.0 * t)))


def build(
    recipe: RealMLPRecipe, shape: TableShape, n_outputs: int, task: str, rng: np.random.Generator
) -> Network:
    """Return RealMLP's network.

    Parameters
    ----------
    recipe : RealMLPRecipe
    shape : TableShape
    n_outputs : int
        Classes, or numbers to predict.
    task : {"classification", "regression"}
    rng : Generator
        For the weights that follow from the data.
    """
    numbers = layers.Input((shape.n_inputs,), name="numbers")
    inputs: Any = numbers
    parts: list[Any] = []
    not_decayed: list[Any] = []
    if shape.n_numbers and recipe.n_frequencies:
        periodic = _Periodic(recipe)
        parts.append(periodic(numbers[:, : shape.n_numbers]))
        not_decayed += periodic.weights
        if shape.one_hot_sizes:
            parts.append(numbers[:, shape.n_numbers :])
    else:
        parts.append(numbers)
    if shape.category_sizes:
        codes = layers.Input((len(shape.category_sizes),), dtype="int32", name="categories")
        inputs = [numbers, codes]
        for i, levels in enumerate(shape.category_sizes):
            vectors = layers.Embedding(
                levels,
                recipe.embedding_size,
                embeddings_initializer=initializers.RandomNormal(0.0, 1.0),
            )
            parts.append(vectors(codes[:, i]))
    x = _Scale(recipe.scale_rate)(parts[0] if len(parts) == 1 else layers.Concatenate()(parts))
    dense: list[_Dense] = []
    for units in recipe.hidden_layer_sizes:
        dense.append(_Dense(units, recipe.bias_rate))
        x = dense[-1](x)
        if recipe.parametric_activation:
            parametric = _Parametric(recipe.activation, recipe.activation_rate)
            x = parametric(x)
            not_decayed += parametric.weights
        else:
            x = layers.Activation(recipe.activation)(x)
        if recipe.dropout:
            x = layers.Dropout(recipe.dropout)(x)
    dense.append(_Dense(n_outputs, recipe.bias_rate, recipe.zero_output))
    outputs = dense[-1](x)
    model = models.Model(inputs, outputs)
    batch_size = min(recipe.batch_size, shape.n_rows)
    steps = -(-shape.n_rows // batch_size) * recipe.epochs
    optimizer = optimizers.AdamW(
        _Rate(recipe.learning_rate, steps),
        weight_decay=recipe.weight_decay,
        beta_1=recipe.beta_1,
        beta_2=recipe.beta_2,
        epsilon=recipe.epsilon,
    )
    optimizer.exclude_from_weight_decay(var_list=[*(each.bias for each in dense), *not_decayed])
    loss: losses.Loss = losses.MeanSquaredError()
    predictor = model
    if task == CLASSIFICATION:
        smoothing = recipe.label_smoothing
        loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
        predictor = models.Model(inputs, layers.Softmax()(outputs))
    model.compile(optimizer=optimizer, loss=loss)

    def initialize(rows: Sequence[np.ndarray]) -> None:
        given: Any = list(rows) if len(rows) > 1 else rows[0]
        for layer in dense[: len(dense) - recipe.zero_output]:
            x = np.asarray(models.Model(inputs, layer.input).predict(given, verbose=0))
            _set_from_rows(layer, x, rng)

    from_data = initialize if recipe.parametric_activation else None
    return Network(model, predictor, {"batch_size": batch_size}, from_data)


def _set_from_rows(layer: _Dense, x: np.ndarray, rng: np.random.Generator) -> None:
    """Let what a layer computes from rows have deviation 1, and be 0 at a mean of some of them."""
    kernel = rng.standard_normal(layer.kernel.shape)
    z = x @ kernel * layer.factor
    deviation = z.std(axis=0)
    deviation[deviation < 1e-30] = 1.0
    rows = rng.integers(len(x), size=(_ROWS_OF_A_BIAS, z.shape[1]))
    shares = rng.exponential(size=rows.shape)
    shares /= shares.sum(axis=0)
    bias = -(np.take_along_axis(z / deviation, rows, axis=0) * shares).sum(axis=0)
    layer.kernel.assign((kernel / deviation).astype(np.float32))
    layer.bias.assign((bias / layer.bias_rate).astype(np.float32))
