"""The plain multilayer perceptron for tables."""

from __future__ import annotations

import numpy as np

from pynn import layers, models, optimizers
from pynn.estimators.tabular._network import TableShape, TabularNetwork, loss_and_predictions
from pynn.estimators.tabular._recipes import MLPRecipe

# An epoch of a small table has a handful of steps, after which the averages have to be usable.
_MOMENTUM = 0.9


def build(
    recipe: MLPRecipe, shape: TableShape, n_outputs: int, task: str, rng: np.random.Generator
) -> TabularNetwork:
    """Return a network of dense layers, with AdamW and a cosine for the learning rate.

    Parameters
    ----------
    recipe : MLPRecipe
    shape : TableShape
        Without categories that are not one-hot.
    n_outputs : int
        Classes, or numbers to predict.
    task : {"classification", "regression"}
    rng : Generator
        Not used: the layers draw their weights by pynn's seed.
    """
    inputs = x = layers.Input((shape.n_inputs,), name="numbers")
    for units in recipe.hidden_layer_sizes:
        x = layers.Dense(units, kernel_initializer="he_normal")(x)
        if recipe.batch_norm:
            x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
        x = layers.Activation(recipe.activation)(x)
        if recipe.dropout:
            x = layers.Dropout(recipe.dropout)(x)
    outputs = layers.Dense(n_outputs, name="outputs")(x)
    model = models.Model(inputs, outputs)
    batch_size = recipe.rows_of_a_batch(shape.n_rows)
    steps = -(-shape.n_rows // batch_size) * recipe.epochs
    optimizer = optimizers.AdamW(
        optimizers.schedules.CosineDecay(recipe.learning_rate, steps),
        weight_decay=recipe.weight_decay,
        beta_1=recipe.beta_1,
        beta_2=recipe.beta_2,
        epsilon=recipe.epsilon,
    )
    loss, predictions = loss_and_predictions(recipe, task, outputs)
    predictor = model if predictions is outputs else models.Model(inputs, predictions)
    model.compile(optimizer=optimizer, loss=loss)
    return TabularNetwork(model, predictor, {"batch_size": batch_size})
