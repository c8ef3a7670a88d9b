"""RealMLP.

Source: Holzmüller, Grinsztajn and Steinwart, 2024, "Better by default: strong pre-tuned MLPs and
boosted trees on tabular data", and pytabkit 1.8.0, with which steps agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pynn import initializers, layers, models, optimizers
from pynn.estimators.tabular._network import TableShape, TabularNetwork, loss_and_predictions
from pynn.estimators.tabular._recipes import RealMLPRecipe
from pynn.optimizers.schedules import CosineLogCycles, FlatCosineDecay

# A bias is minus a mean of what so many rows give.
_ROWS_OF_A_BIAS = 5


def build(
    recipe: RealMLPRecipe, shape: TableShape, n_outputs: int, task: str, rng: np.random.Generator
) -> TabularNetwork:
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
    batch_size = recipe.rows_of_a_batch(shape.n_rows)
    steps = shape.n_rows // batch_size * recipe.epochs
    inputs, embedded, binned = _embedded(recipe, shape)
    scale = layers.FeatureScale(**_factors("scale", recipe.scale_rate))
    x = _scaled(scale(embedded))
    front = models.Model(inputs, x)
    dropout = FlatCosineDecay(recipe.dropout, steps)
    hidden: list[tuple[layers.Dense, layers.Layer]] = []
    for units in recipe.hidden_layer_sizes:
        dense, activation = _dense(units, recipe), _activation(recipe)
        x = _scaled(activation(dense(x)))
        if recipe.dropout:
            x = layers.Dropout(dropout)(x)
        hidden.append((dense, activation))
    last = _dense(n_outputs, recipe, zero=recipe.zero_output)
    outputs = last(x)
    model = models.Model(inputs, outputs)
    optimizer = optimizers.Adam(
        CosineLogCycles(recipe.learning_rate, steps),
        beta_1=recipe.beta_1,
        beta_2=recipe.beta_2,
        epsilon=recipe.epsilon,
        epsilon_after_correction=True,
        weight_decay=FlatCosineDecay(recipe.weight_decay, steps) if recipe.weight_decay else None,
    )
    loss, predictions = loss_and_predictions(recipe, task, outputs)
    predictor = model if predictions is outputs else models.Model(inputs, predictions)
    model.compile(optimizer=optimizer, loss=loss)

    def initialize(rows: Sequence[np.ndarray]) -> None:
        if binned is not None:
            binned.adapt(rows[0][:, : shape.n_numbers])
        if recipe.zero_output:
            return
        x = front.predict(list(rows) if len(rows) > 1 else rows[0], verbose=0)
        for dense, activation in hidden:
            x = _made_of(_set_from_rows(dense, x, rng), activation, _scaled)
            if recipe.dropout:
                x *= (rng.random(x.shape) >= recipe.dropout) * np.float32(1 / (1 - recipe.dropout))
        _set_from_rows(last, x, rng)

    fit_arguments = {"batch_size": batch_size, "drop_remainder": True}
    return TabularNetwork(model, predictor, fit_arguments, initialize)


def _embedded(recipe: RealMLPRecipe, shape: TableShape) -> tuple[Any, Any, Any]:
    """Return the inputs, what they become, and the layer that needs bins or None.

    They become vectors of numbers, one-hot columns, and vectors of categories.
    """
    numbers = layers.Input((shape.n_inputs,), name="numbers")
    inputs: Any = numbers
    parts: list[Any] = [numbers]
    binned = None
    if shape.n_numbers and (recipe.n_frequencies or recipe.n_bins):
        own = numbers[:, : shape.n_numbers]
        parts = [own]
        if recipe.n_frequencies:
            periodic = layers.PeriodicEmbedding(
                recipe.n_frequencies,
                recipe.periodic_size - 1,
                recipe.frequency_scale,
                **_factors("frequency phase kernel bias", recipe.periodic_rate),
            )
            parts = [periodic(own)]
        if recipe.n_bins:
            factors = _factors("kernel bias bins", recipe.periodic_rate)
            binned = layers.PiecewiseLinearEmbedding(
                recipe.n_bins, recipe.bin_embedding_size, **factors
            )
            parts.append(binned(own))
        if shape.one_hot_sizes:
            parts.append(numbers[:, shape.n_numbers :])
    if shape.category_sizes:
        codes = layers.Input((len(shape.category_sizes),), dtype="int32", name="categories")
        inputs = [numbers, codes]
        for i, levels in enumerate(shape.category_sizes):
            normal = initializers.RandomNormal(0.0, 1.0)
            vectors = layers.Embedding(levels, recipe.embedding_size, normal)
            parts.append(vectors(codes[:, i]))
    return inputs, parts[0] if len(parts) == 1 else layers.Concatenate()(parts), binned


def _factors(names: str, factor: float) -> dict[str, Any]:
    """Return a layer's arguments for a factor of weights.

    A step lets them decay by the factor's square: the learning rate has it, and so has the decay.
    """
    factors = dict.fromkeys(names.split(), factor)
    return {"learning_rate_factors": factors, "weight_decay_factors": factors}


def _scaled(x: Any) -> Any:
    """Return what a dense layer of normal weights turns into values of deviation 1.

    Before dropout, so that it is one elementwise pass with the activation.
    """
    return x * (1.0 / math.sqrt(x.shape[-1]))


def _dense(units: int, recipe: RealMLPRecipe, zero: bool = False) -> layers.Dense:
    kernel = bias = "zeros" if zero else initializers.RandomNormal(0.0, 1.0)
    return layers.Dense(
        units,
        kernel_initializer=kernel,
        bias_initializer=bias,
        learning_rate_factors={"bias": recipe.bias_rate},
        weight_decay_factors={"bias": 0.0},
    )


def _activation(recipe: RealMLPRecipe) -> layers.Layer:
    if not recipe.parametric_activation:
        return layers.Activation(recipe.activation)
    factors = _factors("degree", recipe.activation_rate)
    return layers.ParametricActivation(recipe.activation, **factors)


def _made_of(x: np.ndarray, *steps: Callable[[Any], Any]) -> np.ndarray:
    """Return what steps of a model make of rows, by the engine.

    NumPy's products have other bits on other processors, and for other numbers of threads.
    """
    rows = y = layers.Input((x.shape[1],))
    for step in steps:
        y = step(y)
    made: np.ndarray = models.Model(rows, y).predict(x, verbose=0)
    return made


def _set_from_rows(dense: layers.Dense, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Let what a layer makes of scaled rows have deviation 1, and be 0 at a mean of some of them.

    Returns
    -------
    ndarray
        What it makes of the rows then.
    """
    kernel = rng.standard_normal(dense.kernel.shape, dtype=np.float32)
    dense.kernel.assign(kernel)
    dense.bias.assign(np.zeros(dense.bias.shape, np.float32))
    z = _made_of(x, dense)
    deviation = z.std(axis=0)
    # Rows that are all alike differ by rounding only, which is not to be made larger.
    deviation[deviation <= 1e-6 * np.abs(z).max(axis=0)] = 1.0
    z /= deviation
    rows = rng.integers(len(x), size=(_ROWS_OF_A_BIAS, z.shape[1]))
    shares = rng.exponential(size=rows.shape)
    shares /= shares.sum(axis=0)
    bias = -(np.take_along_axis(z, rows, axis=0) * shares).sum(axis=0)
    dense.kernel.assign(kernel / deviation)
    dense.bias.assign(bias)
    z += bias.astype(z.dtype)
    return z
