"""`Networks`: what has been trained for a table, as one model."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from pynn import _state, layers, models
from pynn._number_checks import is_integer
from pynn.estimators._saving import saved_as
from pynn.estimators.tabular import _mlp, _realmlp, _tabm
from pynn.estimators.tabular._network import TableShape, TabularNetwork
from pynn.estimators.tabular._recipes import (
    CLASSIFICATION,
    PRESETS,
    REGRESSION,
    MLPRecipe,
    RealMLPRecipe,
    Recipe,
    TabMRecipe,
)

# What builds the network of a recipe.
_BUILDERS: dict[type[Recipe], Any] = {
    MLPRecipe: _mlp.build,
    RealMLPRecipe: _realmlp.build,
    TabMRecipe: _tabm.build,
}

AVAILABLE = {name for name, by_task in PRESETS.items() if type(by_task[REGRESSION]) in _BUILDERS}


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

    def build(self, seed: int, n_rows: int) -> TabularNetwork:
        """Return a new network with weights that follow from `seed`, to train on so many rows."""
        rng = np.random.default_rng(seed)
        shape = TableShape(*self.shape)._replace(n_rows=n_rows)  # copies have a plain tuple
        with _state.temporary_seed(seed):
            build = _BUILDERS[type(self.recipe)]
            made: TabularNetwork = build(self.recipe, shape, self.n_outputs, self.task, rng)
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

    def check(self) -> None:
        """Check what may come from a file, before memory is taken for it.

        Raises
        ------
        ValueError
            If the weights are not those of such networks.
        """
        if type(self.recipe) not in _BUILDERS or self.task not in (CLASSIFICATION, REGRESSION):
            raise ValueError("the networks are of an unknown kind")
        self.recipe.check()
        shape = TableShape(*self.shape)
        counts = [shape.n_numbers, self.n_outputs, *shape.one_hot_sizes, *shape.category_sizes]
        if not all(is_integer(count) and count >= 0 for count in counts) or self.n_outputs < 1:
            raise ValueError(f"the networks' inputs and outputs must be counts: {counts!r:.80}")
        weights = self.weights
        if not weights or not all(isinstance(each, np.ndarray) for own in weights for each in own):
            raise ValueError("the networks must have weights")
        size = sum(each.size for each in weights[0])
        if (fewest := self._fewest_weights(shape)) > size:
            raise ValueError(f"a network must have {fewest} weights. Received: {size}")
        expected = [each.shape for each in self.build(0, n_rows=1).predictor.get_weights()]
        for own in weights:
            if [each.shape for each in own] != expected:
                raise ValueError("the networks' weights must have the shapes of their layers")

    def _fewest_weights(self, shape: TableShape) -> int:
        """Return a number of weights that a network surely has."""
        recipe: Any = self.recipe
        of_codes = getattr(recipe, "embedding_size", 1)
        frequencies, bins = getattr(recipe, "n_frequencies", 0), getattr(recipe, "n_bins", 0)
        periodic = recipe.periodic_size if frequencies else 1
        binned = recipe.bin_embedding_size if bins else 1
        width = shape.n_numbers * max(periodic, binned) + sum(shape.one_hot_sizes)
        width += of_codes * len(shape.category_sizes)
        sizes = [width, *recipe.hidden_layer_sizes, self.n_outputs]
        dense = sum(a * b for a, b in itertools.pairwise(sizes))
        of_numbers = shape.n_numbers * max(frequencies * (periodic - 1), bins * binned)
        members = getattr(recipe, "n_members", 0) * max(sizes[1:])
        return max(dense, of_codes * sum(shape.category_sizes), of_numbers, members)

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in vars(self).items() if key != "_model"}
        return {**state, "shape": tuple(self.shape)}
