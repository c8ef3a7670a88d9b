"""What a builder of networks for tables is given, and what it returns.

Each of `_mlp`, `_realmlp` and `_tabm` has a function ``build(recipe, shape, n_outputs, task, rng)``
that returns a `TabularNetwork`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pynn import layers, losses, models
from pynn.estimators.tabular._recipes import CLASSIFICATION, Recipe


class TableShape(NamedTuple):
    """What prepared rows consist of.

    The inputs of a network are ``numbers``, float32 of shape (n, n_numbers + sum(one_hot_sizes)):
    first the numbers, then the one-hot columns of each category; and, if there are
    `category_sizes`, ``categories``, int32 of shape (n, len(category_sizes)).

    Attributes
    ----------
    n_numbers : int
    one_hot_sizes : tuple of int
        Columns of each category that is one-hot.
    category_sizes : tuple of int
        Levels of each other category, the code 0 for missing and unknown ones included.
    n_rows : int
        Rows to train on.
    """

    n_numbers: int
    one_hot_sizes: tuple[int, ...]
    category_sizes: tuple[int, ...]
    n_rows: int

    @property
    def n_inputs(self) -> int:
        """Columns of the input ``numbers``."""
        return self.n_numbers + sum(self.one_hot_sizes)


@dataclass
class TabularNetwork:
    """A network that can be trained.

    Attributes
    ----------
    model : Model
        Compiled, with the inputs of `TableShape`. Its targets, float32 of shape (n, n_outputs), are
        one column for each class with ones and zeros, or standardised numbers.
    predictor : Model
        On the same inputs and weights: class probabilities or standardised numbers, (n, n_outputs).
    fit_arguments : dict
        For ``model.fit``: ``batch_size`` and what else training needs.
    initialize : callable, default=None
        ``initialize(inputs)`` sets the weights from all rows to train on.
    batches : callable, default=None
        ``batches(inputs, targets, weights)`` returns an iterable of batches to train on instead of
        the rows, as ``model.fit`` takes it; the model's inputs and targets are then those.
    """

    model: models.Model
    predictor: models.Model
    fit_arguments: dict[str, Any] = field(default_factory=dict)
    initialize: Callable[[Sequence[np.ndarray]], None] | None = None
    batches: Callable[[Sequence[np.ndarray], np.ndarray, np.ndarray | None], Any] | None = None


def loss_and_predictions(recipe: Recipe, task: str, outputs: Any) -> tuple[losses.Loss, Any]:
    """Return what a network with these outputs is trained with, and the tensor that it predicts.

    Classes are trained on logits; of numbers, the outputs are what is predicted.
    """
    if task != CLASSIFICATION:
        return losses.MeanSquaredError(), outputs
    smoothing = recipe.label_smoothing
    loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    return loss, layers.Softmax()(outputs)
