"""TabM and TabM-mini: networks that share most of their weights, and are trained side by side.

Source: Gorishniy et al., 2025, "TabM: advancing tabular deep learning with parameter-efficient
ensembling"; initial weights and training are those of pytabkit 1.8.0's TabM_D. Members have an axis
of their own, (batch, members, features), from the input to the outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import initializers, layers, losses, models, ops, optimizers
from pynn.estimators.tabular._network import TableShape, TabularNetwork, loss_and_predictions
from pynn.estimators.tabular._recipes import TabMRecipe


class _OfMembers(losses.Loss):
    """A loss of the outputs of each member; a target may have a weight behind its numbers."""

    def __init__(self, loss: losses.Loss) -> None:
        super().__init__()
        self.loss = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        _, members, n_outputs = y_pred.shape
        if y_true.shape == y_pred.shape:
            return self.loss.call(y_true, y_pred)
        y_true = ops.reshape(y_true, (-1, members, n_outputs + 1))
        values = self.loss.call(y_true[..., :n_outputs], y_pred)
        return values * y_true[..., n_outputs]


class MemberBatches:
    """Batches in which each member has rows of its own, from an order of its own: what fit takes.

    Parameters
    ----------
    inputs : ndarray, shape (n, n_inputs)
    targets : ndarray, shape (n, n_outputs)
    weights : ndarray, shape (n,), or None
        Of the rows; they become a column behind the targets.
    members : int
    batch_size : int
        Rows of each member.
    rng : Generator
        What the orders are drawn from, new ones for each epoch.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray | None,
        members: int,
        batch_size: int,
        rng: np.random.Generator,
    ) -> None:
        if weights is not None:
            targets = np.concatenate([targets, weights[:, None]], axis=1)
        self._inputs, self._targets = inputs, targets
        self._members = members
        self._batch_size = batch_size
        self._rng = rng
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self._inputs) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._orders[index * self._batch_size : (index + 1) * self._batch_size]
        return self._inputs[rows], self._targets[rows]

    def on_epoch_end(self) -> None:
        """Draw new orders, as a table of a column a member."""
        n = len(self._inputs)
        orders = [self._rng.permutation(n) for _ in range(self._members)]
        self._orders = np.stack(orders, axis=1)


def _uniform(fan_in: int) -> initializers.Initializer:
    limit = 1.0 / math.sqrt(fan_in)
    return initializers.RandomUniform(-limit, limit)


def _first_scale(recipe: TabMRecipe, shape: TableShape, rng: np.random.Generator) -> np.ndarray:
    """Return a factor for each member and column, which all values made of the column share."""
    width = recipe.bin_embedding_size if recipe.n_bins else 1
    sizes = [width] * shape.n_numbers + [*shape.one_hot_sizes]
    drawn = (recipe.n_members, len(sizes))
    factors = rng.standard_normal(drawn) if recipe.n_bins else rng.choice([-1.0, 1.0], drawn)
    return np.repeat(factors, sizes, axis=1)


def build(
    recipe: TabMRecipe, shape: TableShape, n_outputs: int, task: str, rng: np.random.Generator
) -> TabularNetwork:
    """Return networks that are trained side by side, each on rows in an order of its own.

    Parameters
    ----------
    recipe : TabMRecipe
    shape : TableShape
        Without categories that are not one-hot.
    n_outputs : int
        Classes, or numbers to predict.
    task : {"classification", "regression"}
    rng : Generator
        What the first factors and the orders of the rows are drawn from.
    """
    members = recipe.n_members
    binned = None
    steps: list[Any] = []
    if recipe.n_bins and shape.n_numbers:
        binned = layers.PiecewiseLinearEmbedding(recipe.n_bins, recipe.bin_embedding_size)
    first_scale = _first_scale(recipe, shape, rng)
    dense = layers.Dense if recipe.shares_all_layers else layers.BatchEnsembleDense
    if recipe.shares_all_layers or not recipe.hidden_layer_sizes:
        steps.append(layers.FeatureScale(axes=2))
    fan_in = first_scale.shape[1]
    for units in recipe.hidden_layer_sizes:
        steps.append(
            dense(units, kernel_initializer=_uniform(fan_in), bias_initializer=_uniform(fan_in))
        )
        steps.append(layers.Activation(recipe.activation))
        if recipe.dropout:
            steps.append(layers.Dropout(recipe.dropout))
        fan_in = units
    steps.append(
        layers.EinsumDense(
            "bmi,mio->bmo",
            (members, n_outputs),
            bias_axes="mo",
            kernel_initializer=_uniform(fan_in),
            bias_initializer=_uniform(fan_in),
        )
    )

    def outputs_of(x: Any) -> Any:
        if binned is not None:
            vectors = binned(x[:, :, : shape.n_numbers])
            rest = x[:, :, shape.n_numbers :]
            x = layers.Concatenate()([vectors, rest]) if shape.one_hot_sizes else vectors
        for step in steps:
            x = step(x)
        return x

    of_members = layers.Input((members, shape.n_inputs), name="numbers")
    model = models.Model(of_members, outputs_of(of_members))
    first = steps[0]
    scale = first.scale if isinstance(first, layers.FeatureScale) else first.input_scale
    scale.assign(first_scale)
    inputs = layers.Input((shape.n_inputs,), name="numbers")
    outputs = outputs_of(layers.RepeatVector(members)(inputs))
    loss, predictions = loss_and_predictions(recipe, task, outputs)
    predictor = models.Model(inputs, ops.mean(predictions, axis=1))
    optimizer = optimizers.AdamW(
        recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        beta_1=recipe.beta_1,
        beta_2=recipe.beta_2,
        epsilon=recipe.epsilon,
    )
    model.compile(optimizer=optimizer, loss=_OfMembers(loss))
    batch_size = recipe.rows_of_a_batch(shape.n_rows)

    def batches(given: Sequence[np.ndarray], targets: np.ndarray, weights: Any) -> MemberBatches:
        return MemberBatches(given[0], targets, weights, members, batch_size, rng)

    def initialize(given: Sequence[np.ndarray]) -> None:
        if binned is not None:
            binned.adapt(given[0][:, : shape.n_numbers])

    return TabularNetwork(model, predictor, {"batch_size": batch_size}, initialize, batches)
