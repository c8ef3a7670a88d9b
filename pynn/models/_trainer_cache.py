"""`TrainerCache`: one trainer from call to call, so that the optimizer's state goes on.

A new one is made when anything changes that a trainer is made from; it takes over the state of the
weights that both train, as long as the optimizer is the same object.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _core, _state
from pynn.training import Objectives

if TYPE_CHECKING:
    from pynn.models._model import Model

# The optimizer's arrays for each weight, by the weight's id, in native shapes.
Slots = dict[int, list[np.ndarray]]


class TrainerCache:
    """The trainers of one model.

    Attributes
    ----------
    weights : list of Weight
        What the current trainer trains.
    """

    def __init__(self) -> None:
        self._trainer: Any = None
        self._key: Any = None
        self._optimizer: Any = None
        self.weights: list[Any] = []
        self._saved: Slots = {}  # for the next trainer
        self._seed: int | None = None
        self._evaluator: Any = None
        self._evaluator_key: Any = None
        self._lock = threading.RLock()
        self._process = os.getpid()

    def hold(self) -> Any:
        """Return a lock, held, which is to be released when the model has been trained.

        Raises
        ------
        RuntimeError
            If another thread is training it.
        """
        if self._process != os.getpid():  # a forked child has not inherited who trains
            self._lock, self._process = threading.RLock(), os.getpid()
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(
                "the model is being trained in another thread, and two trainings would mix their "
                "batches. Wait for the other one, or train a clone (pynn.models.clone_model)"
            )
        return self._lock

    def settings_changed(self) -> None:
        """Forget how trainers were made, but not the optimizer's state."""
        self._key = self._evaluator_key = None

    def trainer(self, model: Model, objectives: Objectives) -> Any:
        """Return what trains the model, with the state of earlier calls; see `hold`."""
        self.hold().release()
        optimizer = model.optimizer
        if optimizer is None:
            raise ValueError("the model has no optimizer: give one to compile()")
        weights = model.trainable_weights
        native = optimizer._for_trainer()
        stepwise = native is optimizer
        options = {} if stepwise else optimizer._options(weights)
        plan = model._plan(training=True)
        ids = [id(weight) for weight in weights]
        key = (objectives.key, ids, native, options, plan.frozen())
        if self._trainer is None or key != self._key:
            made = plan.trainer(
                optimizer=native, options=options, parameters=weights, **objectives.for_trainer()
            )
            made.seed = _state.next_seed() if self.seed is None else self.seed
            saved = self._saved if self._trainer is None else self._slots()
            if self._optimizer is not None and self._optimizer is not optimizer:
                saved = {}
            self._trainer, self._key, self._optimizer = made, key, optimizer
            self.weights = weights
            self._take_over(saved)
            if not stepwise:
                self._share(saved)
        self._trainer.iterations = optimizer._iterations
        return self._trainer

    def evaluator(self, model: Model, objectives: Objectives) -> Any:
        """Return what evaluates the model: its trainer, if that is the engine's and of inference.

        An optimizer that the engine has not makes training, but not evaluation, one in NumPy.
        """
        plan, weights = model._plan(training=False), model.trainable_weights
        if plan is model._plan(training=True):
            known = (objectives.key, [id(weight) for weight in weights])
            native = isinstance(self._trainer, _core.Trainer)
            if native and self._key and self._key[:2] == known:
                return self._trainer
        if self._evaluator is None or self._evaluator_key != objectives.key:
            self._evaluator = plan.trainer(
                optimizer=("sgd", []), parameters=weights, **objectives.for_trainer()
            )
            self._evaluator_key = objectives.key
        return self._evaluator

    def _slots(self) -> Slots:
        slots = zip(self.weights, self._trainer.state, strict=True)
        return {id(weight): [np.array(slot.view) for slot in own] for weight, own in slots}

    def _share(self, saved: Slots) -> None:
        """Let the optimizer have the trainer's arrays, or these what it has kept before."""
        states = [
            [slot.view.T if weight.ndim == 2 else slot.view.reshape(weight.shape) for slot in slots]
            for weight, slots in zip(self.weights, self._trainer.state, strict=True)
        ]
        anew = [id(weight) not in saved for weight in self.weights]
        self._optimizer._share(self.weights, states, anew)

    def _take_over(self, saved: Slots) -> None:
        """Give the trainer the arrays of weights that it trains, too."""
        for weight, slots in zip(self.weights, self._trainer.state, strict=True):
            arrays = saved.get(id(weight), [])
            if len(arrays) == len(slots):
                for slot, array in zip(slots, arrays, strict=True):
                    slot.view[...] = array
        self._saved = {}

    @property
    def seed(self) -> int | None:
        """What the random numbers of training follow from, None before the first training."""
        return self._seed if self._trainer is None else int(self._trainer.seed)

    @property
    def reason(self) -> str | None:
        """What keeps the current training from running in the engine, if anything does."""
        return getattr(self._trainer, "reason", None)

    def state(self, weights: list[Any]) -> list[list[np.ndarray]]:
        """Return copies of the optimizer's arrays for each weight, in native shapes.

        A weight that was not trained has no arrays.
        """
        known = self._saved if self._trainer is None else self._slots()
        return [known.get(id(weight), []) for weight in weights]

    def restore(
        self,
        optimizer: Any,
        weights: list[Any],
        state: list[list[np.ndarray]],
        seed: int | None = None,
    ) -> None:
        """Go on where another training stood.

        Parameters
        ----------
        optimizer : Optimizer
            Whose arrays these are; with another one they are forgotten.
        weights : list of Weight
        state : list of list of ndarray
            The optimizer's arrays for each of `weights`, as `state` returned them.
        seed : int, default=None
            None draws one when training begins.
        """
        saved = {id(w): arrays for w, arrays in zip(weights, state, strict=True)}
        if self._trainer is not None and self._optimizer is optimizer:
            # A training is about to begin; its trainer has to stay.
            self._take_over(saved)
            self._trainer.iterations = optimizer._iterations
            self._trainer.seed = self._trainer.seed if seed is None else seed
            return
        self.__init__()  # type: ignore[misc]
        self._optimizer, self.weights, self._saved, self._seed = optimizer, weights, saved, seed
