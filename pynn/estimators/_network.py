"""The engine's side of a fitted MLP: a model, its weights in place, and a trainer.

`Network` knows layers and optimizers, nothing of labels, stopping or scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import is_
from typing import Any

import numpy as np

from pynn import layers, models

# scikit-learn's names of activations that the engine calls otherwise.
_ENGINE_NAMES = {"identity": "linear", "logistic": "sigmoid", "exp": "exponential"}


def check_chain(coefs: Sequence[Any], intercepts: Sequence[Any]) -> None:
    """Check that weights belong to layers of which each takes what the one before gives.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the numbers of arrays differ.
    """
    shapes = [np.shape(c) for c in coefs]
    lengths = [np.shape(b) for b in intercepts]
    fits = bool(shapes) and all(len(shape) == 2 for shape in shapes)
    fits = fits and lengths == [shape[1:] for shape in shapes]
    fits = fits and all(left[1] == right[0] for left, right in pairwise(shapes))
    if not fits:
        raise ValueError(
            "coefs_ must be matrices of shapes (a, b), (b, c), ... and intercepts_ vectors of "
            f"shapes (b,), (c,), .... Received: coefs_ of shapes {shapes} and intercepts_ of "
            f"shapes {lengths}"
        )


# Name of the optimizer, steps taken, and for each weight the arrays that the optimizer remembers.
TrainingState = tuple[str, int, list[list[np.ndarray]]]


class Network:
    """A chain of dense layers with one activation for the hidden ones and one for the output.

    Parameters
    ----------
    sizes : sequence of int
        Number of features, units of each hidden layer, number of outputs.
    activation, out_activation : str
        scikit-learn's or pynn's names.
    dtype : {"float32", "float64"}

    Attributes
    ----------
    n_weights : int
        Number of weights and biases.
    coefs, intercepts : list of ndarray
        Views of the weights: writing to them changes the network.
    model : pynn.Model
    """

    def __init__(
        self, sizes: Sequence[int], activation: str, out_activation: str, dtype: str
    ) -> None:
        self.sizes = tuple(int(n) for n in sizes)
        self.activation = activation
        self.out_activation = out_activation
        self.dtype = dtype
        self.model = self._build()
        self.plan = self.model._plan()
        dense = [layer for layer in self.model.layers if isinstance(layer, layers.Dense)]
        self._kernels = [layer.kernel for layer in dense]
        self._biases = [layer.bias for layer in dense]
        self.coefs = [weight.view for weight in self._kernels]
        self.intercepts = [weight.view for weight in self._biases]
        self.n_weights = sum(view.size for view in (*self.coefs, *self.intercepts))
        self._executor = self.plan.executor()
        self.trainer: Any = None
        self._trainer_key: tuple[Any, ...] | None = None
        self._state_to_restore: TrainingState | None = None

    def _build(self) -> Any:
        stack: list[Any] = [layers.Input((self.sizes[0],), dtype=self.dtype)]
        last = len(self.sizes) - 2
        for i, units in enumerate(self.sizes[1:]):
            activation = self.out_activation if i == last else self.activation
            stack.append(
                layers.Dense(
                    units,
                    activation=_ENGINE_NAMES.get(activation, activation),
                    kernel_initializer="zeros",
                    dtype=self.dtype,
                    name="output" if i == last else f"hidden_{i + 1}",
                )
            )
        return models.Sequential(stack, name="mlp")

    @classmethod
    def from_weights(
        cls,
        coefs: Sequence[Any],
        intercepts: Sequence[Any],
        activation: str,
        out_activation: str,
    ) -> Network:
        """Build a network around copies of weights.

        Raises
        ------
        ValueError
            If the shapes do not form a chain of layers, or the numbers of arrays differ.
        """
        coefs, intercepts = [np.asarray(c) for c in coefs], [np.asarray(b) for b in intercepts]
        check_chain(coefs, intercepts)
        single = all(a.dtype == np.float32 for a in (*coefs, *intercepts))
        sizes = [coefs[0].shape[0], *(c.shape[1] for c in coefs)]
        network = cls(sizes, activation, out_activation, "float32" if single else "float64")
        network.assign(coefs, intercepts)
        return network

    def assign(self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray]) -> None:
        """Copy values into the weights."""
        for view, value in zip((*self.coefs, *self.intercepts), (*coefs, *intercepts), strict=True):
            view[...] = value

    def copy_weights(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return copies of the kernels and of the biases."""
        return [c.copy() for c in self.coefs], [b.copy() for b in self.intercepts]

    def holds(self, coefs: Any, intercepts: Any) -> bool:
        """Whether these lists hold the network's own views, and only them."""
        return (
            len(coefs) == len(self.coefs)
            and len(intercepts) == len(self.intercepts)
            and all(map(is_, coefs, self.coefs))
            and all(map(is_, intercepts, self.intercepts))
        )

    def predict(self, x: Any) -> np.ndarray:
        """Return the outputs for the rows of x, shape (n, outputs)."""
        if type(x) is np.ndarray:
            outputs: np.ndarray = self._executor.predict_array(x)
            return outputs
        return self.plan.predict([x])[0]

    def prepare_trainer(
        self,
        loss: tuple[str, list[float], float],
        optimizer: tuple[str, list[float]],
        l2: float,
        options: dict[str, Any],
    ) -> None:
        """Make `trainer` train all weights for this loss with this optimizer.

        A trainer that was made for the same stays, with the optimizer's state. If only numbers
        differ, the new one takes the state over.

        Parameters
        ----------
        loss : (name, parameters, weight)
        optimizer : (name, hyperparameters)
        l2 : float
            Added to the loss: `l2` times the sum of the squares of the kernels.
        options : dict
            Options of the native trainer.
        """
        key = (loss, optimizer, l2, options)
        if key == self._trainer_key:
            return
        state = self.training_state
        weights = [*self._kernels, *self._biases]
        name, parameters, weight = loss
        self.trainer = self.plan.trainer(
            losses=[(name, parameters)],
            optimizer=optimizer,
            options=options,
            loss_weights=[weight],
            parameters=weights,
            l1=[0.0] * len(weights),
            l2=[l2] * len(self._kernels) + [0.0] * len(self._biases),
        )
        self._trainer_key = key
        self._state_to_restore = None
        if state is not None and state[0] == optimizer[0]:
            self.trainer.iterations = state[1]
            for variables, arrays in zip(self.trainer.state, state[2], strict=True):
                for variable, array in zip(variables, arrays, strict=True):
                    variable.view[...] = array

    def release_data(self) -> None:
        """Drop the trainer, which holds the data of its last epoch, but keep its state."""
        self.training_state = self.training_state

    def forget_training(self) -> None:
        """Drop the trainer and with it the optimizer's state."""
        self.trainer = self._trainer_key = self._state_to_restore = None

    @property
    def training_state(self) -> TrainingState | None:
        """Copy of what the optimizer remembers, None before training.

        A state that is set here is taken over by the next trainer of the same optimizer.
        """
        if self._trainer_key is None:
            return self._state_to_restore
        arrays = [[np.array(v.view) for v in slots] for slots in self.trainer.state]
        return self._trainer_key[1][0], self.trainer.iterations, arrays

    @training_state.setter
    def training_state(self, state: TrainingState | None) -> None:
        self.forget_training()
        self._state_to_restore = state
