"""`Networks`: what has been trained for a table, as one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _state, layers, models
from pynn.estimators._saving import saved_as
from pynn.estimators.tabular import _mlp
from pynn.estimators.tabular._network import Network, TableShape
from pynn.estimators.tabular._recipes import MLPRecipe, Recipe

# What builds the network of a recipe.
_BUILDERS: dict[type[Recipe], Any] = {MLPRecipe: _mlp.build}


@saved_as("Networks")
class Networks:
    """Trained networks of one kind, which predict together.

    Parameters
    ----------
    recipe : Recipe
    shape : TableShape
    n_outputs : int
    task : {"classification", "regression"}

    Attributes
    ----------
    weights : list of list of ndarray
        Of the predictor of each network.
    """

    _model: models.Model | None = None  # made when it is first needed

    def __init__(self, recipe: Recipe, shape: TableShape, n_outputs: int, task: str) -> None:
        self.recipe = recipe
        self.shape = shape
        self.n_outputs = n_outputs
        self.task = task
        self.weights: list[list[np.ndarray]] = []

    def build(self, seed: int, n_rows: int) -> Network:
        """Return a new network with weights that follow from `seed`, to train on so many rows."""
        rng = np.random.default_rng(seed)
        shape = TableShape(*self.shape)._replace(n_rows=n_rows)  # a file has a plain tuple
        with _state.temporary_seed(seed):
            build = _BUILDERS[type(self.recipe)]
            made: Network = build(self.recipe, shape, self.n_outputs, self.task, rng)
        return made

    @property
    def model(self) -> models.Model:
        """The mean of what the networks predict, from the inputs of `TableShape`."""
        if self._model is None:
            self._model = self.combined()
        return self._model

    def combined(self) -> models.Model:
        """Return a new model of the networks' mean."""
        predictors = []
        for weights in self.weights:
            predictor = self.build(0, n_rows=1).predictor
            predictor.set_weights(weights)
            predictors.append(predictor)
        if len(predictors) == 1:
            return predictors[0]
        inputs = [
            layers.Input(tuple(each.shape[1:]), dtype=each.dtype) for each in predictors[0].inputs
        ]
        given: Any = inputs if len(inputs) > 1 else inputs[0]
        return models.Model(given, layers.Average()([predict(given) for predict in predictors]))

    def predict(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean of what the networks predict, float32 of shape (n, n_outputs)."""
        given: Any = list(inputs) if len(inputs) > 1 else inputs[0]
        return np.asarray(self.model.predict(given, verbose=0))

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_model"}
