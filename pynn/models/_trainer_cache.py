"""`TrainerCache`: one trainer from call to call, so that the optimizer's state goes on.

A new one is made when anything changes that a trainer is made from; it takes over the state of the
weights that both train, as long as the optimizer is the same object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _state

if TYPE_CHECKING:
    from pynn.models._compiled import Objectives
    from pynn.models._model import Model


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
        self._saved: dict[int, list[np.ndarray]] = {}
        self._seed: int | None = None
        self._judge: Any = None
        self._judge_key: Any = None

    def settings_changed(self) -> None:
        """Forget how trainers were made, but not the optimizer's state."""
        self._key = self._judge_key = None

    def clear(self) -> None:
        """Forget everything."""
        self.__init__()  # type: ignore[misc]

    def trainer(self, model: Model, objectives: Objectives) -> Any:
        """Return what trains the model, with the state of earlier calls."""
        optimizer = model.optimizer
        if optimizer is None:
            raise ValueError("the model has no optimizer: give one to compile()")
        weights = model.trainable_weights
        stepwise = optimizer._stepwise
        native = optimizer if stepwise else optimizer._native()
        options = {} if stepwise else optimizer._options(weights)
        key = (
            objectives.key,
            [id(weight) for weight in weights],
            native,
            options,
            model._plan(training=True).frozen(),
        )
        if self._trainer is None or key != self._key:
            made = model._plan(training=True).trainer(
                losses=objectives.native_losses,
                optimizer=native,
                options=options,
                loss_weights=objectives.loss_weights,
                metrics=objectives.native_metrics,
                parameters=weights,
                target_widths=objectives.target_widths,
                weighted=objectives.weighted,
            )
            made.seed = _state.next_seed() if self.seed is None else self.seed
            self._keep_state()
            same = self._optimizer is optimizer or self._optimizer is None
            self._trainer, self._key, self._optimizer = made, key, optimizer
            self.weights = weights
            if same and self._saved:
                self._restore_state()
            self._saved = {}
        self._trainer.iterations = optimizer._iterations
        return self._trainer

    def judge(self, model: Model, objectives: Objectives) -> Any:
        """Return what evaluates the model: its trainer, unless inference is another computation."""
        plan = model._plan(training=False)
        if plan is model._plan(training=True):
            known = (objectives.key, [id(weight) for weight in model.trainable_weights])
            if self._trainer is not None and self._key and self._key[:2] == known:
                return self._trainer
        if self._judge is None or self._judge_key != objectives.key:
            self._judge = plan.trainer(
                losses=objectives.native_losses,
                optimizer=("sgd", []),
                loss_weights=objectives.loss_weights,
                metrics=objectives.native_metrics,
                parameters=model.trainable_weights,
                target_widths=objectives.target_widths,
                weighted=objectives.weighted,
            )
            self._judge_key = objectives.key
        return self._judge

    def _keep_state(self) -> None:
        if self._trainer is not None:
            for weight, arrays in zip(self.weights, self.state(), strict=True):
                self._saved[id(weight)] = arrays

    def _restore_state(self) -> None:
        for weight, slots in zip(self.weights, self._trainer.state, strict=True):
            arrays = self._saved.get(id(weight), [])
            if len(arrays) == len(slots):
                for slot, array in zip(slots, arrays, strict=True):
                    slot.view[...] = array

    @property
    def seed(self) -> int | None:
        """What the random numbers of training follow from, None before the first training."""
        return self._seed if self._trainer is None else int(self._trainer.seed)

    @property
    def reason(self) -> str | None:
        """What keeps the current training from running in the engine, if anything does."""
        return getattr(self._trainer, "reason", None)

    def state(self, weights: list[Any] | None = None) -> list[list[np.ndarray]]:
        """Return copies of the optimizer's arrays for each weight, in native shapes.

        Parameters
        ----------
        weights : list of Weight, default=None
            None stands for those that are trained. A weight that was not trained has no arrays.
        """
        if self._trainer is None:
            known = self._saved
        else:
            slots = zip(self.weights, self._trainer.state, strict=True)
            known = {id(weight): [np.array(slot.view) for slot in own] for weight, own in slots}
        return [known.get(id(weight), []) for weight in weights or self.weights]

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
        if self._trainer is not None and self._optimizer is optimizer:
            # A training is about to begin; its trainer has to stay.
            self._saved = {id(w): arrays for w, arrays in zip(weights, state, strict=True)}
            self._restore_state()
            self._saved = {}
            self._trainer.iterations = optimizer._iterations
            self._trainer.seed = self._trainer.seed if seed is None else seed
            return
        self.settings_changed()
        self._trainer = None
        self._optimizer = optimizer
        self.weights = weights
        self._seed = seed
        self._saved = {id(w): arrays for w, arrays in zip(weights, state, strict=True)}
