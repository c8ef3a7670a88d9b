"""The engine's side of a fitted MLP: layers, their weights in place, and a trainer.

`Network` knows layers and optimizers, nothing of labels, stopping or scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from pynn import _core, graph, layers, models
from pynn._weight import Weight
from pynn.estimators.mlp._architecture import Architecture, Stack, build, connect, make_layers
from pynn.optimizers import Optimizer

# Name of the optimizer, steps taken, and for each weight what the optimizer keeps of it: a list
# of arrays or, from an optimizer that the engine does not know, arrays by name.
TrainingState = tuple[str, int, list[Any]]


class SavedNetwork(NamedTuple):
    """What a copy of an estimator has of its `Network`, beside kernels and biases."""

    architecture: Architecture
    others: list[np.ndarray]
    training_state: TrainingState | None

    def holds(self, coefs: Any, intercepts: Any) -> bool:
        """Whether these are lists of the network's own views: it has none yet."""
        return False


class Network:
    """A chain of dense layers, with one or more output layers at its end.

    Parameters
    ----------
    architecture : Architecture
    model : pynn.Model, default=None
        A model of this architecture, which becomes the network; None builds one.

    Attributes
    ----------
    architecture : Architecture
    coefs, intercepts : list of ndarray
        Views of the weights of the dense layers: writing to them changes the network.
    others : list of ndarray
        Views of all other weights: those of batch normalizations.
    weights : list of ndarray
        All these views, one list after the other.
    trained : list of Weight
        What training changes by gradients.
    model : pynn.Model
        Built when it is first asked for: a search makes many networks and looks at none.
    plan : pynn.graph.Plan
    trainer : object or None
        What `prepare_trainer` made.
    prepared_for : tuple or None
        What that was made for, if whoever asked for it has said so.
    """

    def __init__(self, architecture: Architecture, model: models.Model | None = None) -> None:
        self.architecture = architecture
        self._model = model
        if model is not None:  # a chain that ends with one head
            *hidden, head = [x for x in model.layers if not isinstance(x, layers.InputLayer)]
            self._stack = Stack(hidden, [head])
            self.plan = model._plan()
        else:
            self._stack = make_layers(architecture)
            features, outputs = connect(architecture, self._stack)
            self.plan = graph.Plan([features], outputs)
        dense = self._stack.dense
        self._kernels = [layer.kernel for layer in dense]
        self._biases = [layer.bias for layer in dense]
        others: list[Weight] = []
        if architecture.batch_norm:
            known = {id(weight) for weight in (*self._kernels, *self._biases)}
            weights = [weight for layer in self._stack.hidden for weight in layer.weights]
            others = [weight for weight in weights if id(weight) not in known]
        trainable = [weight for weight in others if weight.trainable]
        self.trained = [*self._kernels, *self._biases, *trainable]
        self.coefs = [weight.view for weight in self._kernels]
        self.intercepts = [weight.view for weight in self._biases]
        self.others = [weight.view for weight in others]
        self.weights = [*self.coefs, *self.intercepts, *self.others]
        self._single = len(architecture.heads) == 1
        self.trainer: Any = None
        self._optimizer: Optimizer | None = None
        self.prepared_for: tuple[Any, ...] | None = None
        self._trainer_key: tuple[Any, ...] | None = None
        self._state_to_restore: TrainingState | None = None

    @property
    def model(self) -> models.Model:
        """The layers as a `pynn.Model`."""
        if self._model is None:
            self._model = build(self.architecture, self._stack)
            self._model.optimizer = self._optimizer
        return self._model

    def set_optimizer(self, optimizer: Optimizer) -> None:
        """Let the model have the optimizer that trains it."""
        self._optimizer = optimizer
        if self._model is not None:
            self._model.optimizer = optimizer

    def assign(self, values: Sequence[np.ndarray]) -> None:
        """Copy values, in the order of `copy_weights`, into the weights."""
        for view, value in zip(self.weights, values, strict=True):
            view[...] = value

    def copy_weights(self) -> list[np.ndarray]:
        """Return copies of the kernels, of the biases, and of the other weights."""
        return [view.copy() for view in self.weights]

    def is_finite(self) -> bool:
        """Whether kernels and biases hold neither NaN nor infinity."""
        return all(weight._variable.is_finite for weight in (*self._kernels, *self._biases))

    def holds(self, coefs: Any, intercepts: Any) -> bool:
        """Whether these are lists of the network's own views, and only of them."""
        same = _core.same_items
        return same(coefs, self.coefs) and same(intercepts, self.intercepts)

    @cached_property
    def _predict_array(self) -> Callable[[Any], Any]:
        """The short way for one array, which returns None for what it does not take."""
        executor = self.plan.executor
        return (lambda x: None) if executor is None else executor.predict_array

    def predict(self, x: Any) -> Any:
        """Return the outputs for the rows of x, shape (n, units); of several heads a list."""
        if self._single:
            found = self._predict_array(x)
            if found is not None:
                return found
        outputs = self.plan.predict([x])
        return outputs[0] if self._single else outputs

    def prepare_trainer(
        self,
        losses: Sequence[tuple[Any, float]],
        optimizer: Optimizer,
        *,
        l2: float = 0.0,
        weighted: bool = False,
        metrics: Sequence[Sequence[str]] | None = None,
    ) -> None:
        """Make `trainer` train all weights for these losses with this optimizer.

        A trainer that was made for the same stays, with the optimizer's state. If only numbers
        differ, the new one takes the state over.

        Parameters
        ----------
        losses : sequence of (loss, weight)
            For each head, as `Plan.trainer` takes them.
        optimizer : Optimizer
        l2 : float, default=0
            Added to the loss: `l2` times the sum of the squares of the kernels, over the number of
            rows in a batch.
        weighted : bool, default=False
            Whether rows have weights: the loss is divided by their sum, not by the number of rows.
        metrics : sequence of sequences of str, default=None
            The engine's metrics to be kept, for each head.
        """
        self.prepared_for = None
        options = {
            **optimizer._options(self.trained),
            "l2_per_batch": True,
            "normalize_by_weights": weighted,
        }
        used = optimizer._for_trainer()
        key = (list(losses), used, l2, options, metrics)
        if key == self._trainer_key:
            return
        state = self.training_state
        weights = self.trained
        self.trainer = self.plan.trainer(
            losses=[loss for loss, _ in losses],
            optimizer=used,
            options=options,
            loss_weights=[weight for _, weight in losses],
            metrics=metrics,
            parameters=weights,
            l1=[0.0] * len(weights),
            l2=[l2] * len(self._kernels) + [0.0] * (len(weights) - len(self._kernels)),
        )
        self._trainer_key = key
        self._state_to_restore = None
        if state is not None and state[0] == _name_of(used):
            self._restore(state)

    def _restore(self, state: TrainingState) -> None:
        assert self._trainer_key is not None
        self.trainer.iterations = state[1]
        optimizer = self._trainer_key[1]
        if not isinstance(optimizer, tuple):
            optimizer._set_iterations(state[1])
            optimizer._restore_arrays(self.trained, state[2])
            return
        for variables, arrays in zip(self.trainer.state, state[2], strict=True):
            for variable, array in zip(variables, arrays, strict=True):
                variable.view[...] = array

    def take_over(self, other: Network | SavedNetwork) -> None:
        """Go on with another network's training and its other weights, if these are the same."""
        same = self.architecture.weight_shapes == other.architecture.weight_shapes
        if same and len(self.others) == len(other.others):
            for view, value in zip(self.others, other.others, strict=True):
                view[...] = value
            self.training_state = other.training_state

    def release_data(self) -> None:
        """Drop the trainer, which holds the data of its last epoch, but keep its state."""
        if self._trainer_key is not None:
            self.training_state = self._state_of_trainer()  # which nobody else will write to

    def forget_training(self) -> None:
        """Drop the trainer and with it the optimizer's state."""
        self.trainer = self._trainer_key = self._state_to_restore = self.prepared_for = None

    @property
    def training_state(self) -> TrainingState | None:
        """Copy of the state of the optimizer, None before training.

        A state that is set here is taken over by the next trainer of the same optimizer.
        """
        state = self._state_to_restore if self._trainer_key is None else self._state_of_trainer()
        return None if state is None else (*state[:2], [*map(_copied, state[2])])

    @training_state.setter
    def training_state(self, state: TrainingState | None) -> None:
        self.forget_training()
        self._state_to_restore = state

    def _state_of_trainer(self) -> TrainingState:
        """Return the trainer's own state: variables of the engine stand for arrays."""
        assert self._trainer_key is not None
        optimizer, trainer = self._trainer_key[1], self.trainer
        native = isinstance(optimizer, tuple)
        kept = trainer.state if native else optimizer._kept_arrays(self.trained)
        return _name_of(optimizer), trainer.iterations, kept


def _copied(kept: Any) -> Any:
    """Return what an optimizer keeps of one weight, with arrays of its own."""
    if isinstance(kept, Mapping):  # copies already
        return kept
    return [np.array(each if isinstance(each, np.ndarray) else each.view) for each in kept]


def _name_of(optimizer: Any) -> str:
    return str(optimizer[0] if isinstance(optimizer, tuple) else type(optimizer).__name__)
