"""What `Model.fit` is made of: data and trainer, validation, and what to do at epochs and steps.

The loop over epochs itself is `pynn.training`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pynn import _state
from pynn._fit_state import FitState
from pynn._number_checks import checked_rate, is_integer
from pynn._user_warning import warn_user
from pynn.callbacks import CallbackList, History
from pynn.models._custom_steps import Steps
from pynn.models._evaluation import Evaluation, checked_objectives, evaluation_of
from pynn.models._source import prepare
from pynn.optimizers import schedules
from pynn.training import (
    ArrayData,
    BatchData,
    EpochOrder,
    Listener,
    Objectives,
    Rates,
    Totals,
    Trainer,
    TrainingLoop,
    comes_in_batches,
    progress_shown,
    warn_of_divergence,
)

if TYPE_CHECKING:
    from pynn.models._model import Model


class Training(NamedTuple):
    """What a training is of: data, its part kept for validation, objectives, and the trainer."""

    data: ArrayData | BatchData
    held_out: ArrayData | None
    objectives: Objectives | Steps
    trainer: Trainer


def training_of(
    model: Model,
    given: tuple[Any, Any, Any],
    class_weight: Mapping[Any, float] | None,
    validation_split: float = 0.0,
) -> Training:
    """Return what a user's data, x, y and sample weights, come to.

    Raises
    ------
    ValueError
        If there is nothing to train for, or the targets are none of the losses.
    """
    if not model._has_own("train_step"):
        data, held_out = prepare(model, *given, class_weight, validation_split)
        objectives = checked_objectives(model, data)
        has_loss = any(output.loss is not None for output in objectives.outputs)
        if not has_loss and not model._plan(training=True).losses:
            raise ValueError("the model has no loss: give one to compile()")
        trainer = model._trainers.trainer(model, objectives)
        return Training(data, held_out, objectives, trainer)
    if class_weight is not None:
        raise ValueError(
            f"{type(model).__name__} has its own train_step(), which class_weight does not reach. "
            "Give sample_weight"
        )
    steps = Steps(model, "train_step")
    data = steps.data(*given)
    if validation_split and isinstance(data, BatchData):
        raise ValueError("validation_split needs arrays. Received: x that hands out batches")
    data, held_out = data.split(validation_split) if validation_split else (data, None)
    return Training(data, held_out, steps, steps)


def numbers_of(model: Model, objectives: Objectives | Steps) -> Rates:
    """Return what gives the numbers of the steps: learning rates, and what else has a schedule.

    Raises
    ------
    ValueError
        When called, if a schedule of dropout gives anything but numbers in [0, 1).
    """
    optimizer = model.optimizer
    if not isinstance(objectives, Objectives):
        return optimizer._rates
    others = model._plan(training=True).schedules

    def numbers(first_step: int, n: int) -> np.ndarray:
        found: np.ndarray = optimizer._numbers(first_step, n, others)
        if others:
            dropout = found[:, 2:]
            bad = ~((dropout >= 0.0) & (dropout < 1.0))
            if bad.any():
                checked_rate(float(dropout[bad][0]))
        return found

    return numbers


def validation_of(
    model: Model, training: Training, given: Any, batch_size: int, steps: int | None
) -> Evaluation | None:
    """Return the evaluation on `given`, which is what `fit` got, or on what is held out."""
    held_out, own = training.held_out, training.objectives
    if given is None:
        if held_out is None:
            return None
        if isinstance(own, Objectives):
            objectives = checked_objectives(model, held_out)
            return Evaluation(model, held_out, objectives, batch_size, steps)
        x, *others = own.batch(held_out)
        given = (x, *(others or [None]))
    if isinstance(given, (tuple, list)) and len(given) in (2, 3):
        x, y, weights = (*given, None)[:3]
    elif comes_in_batches(given):
        x, y, weights = given, None, None
    else:
        raise ValueError(
            "validation_data must be (x, y) or (x, y, sample_weight), or hand out batches. "
            f"Received: {type(given).__name__}"
        )
    try:
        return evaluation_of(model, x, y, weights, batch_size, steps)
    except ValueError as error:
        raise ValueError(f"validation_data: {error}") from error


class FitListener(Listener):
    """What is to be done at epochs and steps of a training.

    Parameters
    ----------
    model : Model
    loop : TrainingLoop
        Which is given this listener.
    objectives : Objectives or Steps
    callbacks : CallbackList
    validation : Evaluation, default=None
        What to evaluate the model on.
    validation_freq : int or collection of int, default=1
        Every how many epochs, or after which ones, counted from 1.
    epochs : int, default=1
        The number of the last epoch, counted from 1.
    verbose : int, default=0

    Attributes
    ----------
    logs : dict
        The figures of the last epoch.
    """

    def __init__(
        self,
        model: Model,
        loop: TrainingLoop,
        objectives: Objectives | Steps,
        callbacks: CallbackList,
        *,
        validation: Evaluation | None = None,
        validation_freq: Any = 1,
        epochs: int = 1,
        verbose: int = 0,
    ) -> None:
        self.logs: dict[str, Any] = {}
        self._model = model
        self._loop = loop
        self._optimizer = model.optimizer
        self._objectives = objectives
        self._callbacks = callbacks
        self._validation = validation
        self._validation_freq = validation_freq
        self._epochs = epochs
        self._restored: list[Any] | None = None
        # Whoever takes the steps constrains the weights, or a trainer that takes many at once.
        own_steps = isinstance(objectives, Steps) or loop.by_segments
        own_steps = own_steps or self._optimizer._stepwise
        self._constrained = [
            weight
            for weight in model._trainers.weights
            if weight.constraint is not None and not own_steps
        ]
        self._updates_metrics = bool(objectives.python_metrics)
        self._notifies_steps = callbacks.wants_train_batches
        self._together = model.steps_per_execution
        self._notifies_now_and_then = bool(callbacks.listening("on_train_batch_end"))
        self._at_step_begin = callbacks.listening("on_train_batch_begin")
        self.wants_steps = bool(self._notifies_steps or self._updates_metrics or self._constrained)
        loop.listener = self
        self._progress: Any = progress_shown(verbose, self._is_silent()) if verbose else None
        self._bar: Any = None

    def _is_silent(self) -> bool:
        """Whether no code of the user's, which might print, runs for batches and epochs."""
        validation = self._validation
        return (
            self._loop.runs_in_engine
            and not self._callbacks.may_print
            and (validation is None or validation.is_silent)
        )

    # ---- epochs

    def on_epoch_begin(self, epoch: int) -> None:
        self.logs = {}
        if self._progress is not None:
            title = f"Epoch {epoch + 1}/{self._epochs}"
            self._bar = self._progress.begin(self._loop.steps, title)
        self._callbacks.on_epoch_begin(epoch)
        self.stop = self._model.stop_training  # the epoch has one step then
        self._objectives.reset()
        if self._restored is not None:
            self._objectives.restore(self._restored)
            self._restored = None

    on_divergence = staticmethod(warn_of_divergence)

    def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
        logs = self.logs = self._objectives.logs(totals)
        if self._notifies_steps and (left := -steps % self._together):
            self._callbacks.on_train_batch_end(steps - 1 + left, dict(logs))
        if isinstance(self._objectives, Objectives):
            self._model._tracker()._assign(logs["loss"], 1.0)
        if self._validation is not None and self._validates_after(epoch):
            figures = self._validation.run(self._callbacks)
            logs.update({f"val_{name}": value for name, value in figures.items()})
        self._callbacks.on_epoch_end(epoch, logs)
        if self._bar is not None:
            self._bar.finish(steps, logs)
        return bool(self._model.stop_training)

    def _validates_after(self, epoch: int) -> bool:
        if is_integer(self._validation_freq):
            return (epoch + 1) % int(self._validation_freq) == 0
        return epoch + 1 in self._validation_freq

    def restore_metrics(self, state: list[Any]) -> None:
        """Let the metrics go on, in the next epoch, with what they held in another training."""
        self._restored = state

    def close(self, failed: bool) -> None:
        """Show what has not been shown yet."""
        if failed and self._bar is not None:
            self._bar.abandon()
        if self._progress is not None:
            self._progress.close()

    # ---- steps

    def on_step_begin(self, step: int) -> None:
        if step % self._together == 0:
            for callback in self._at_step_begin:
                callback.on_train_batch_begin(step, logs={})

    def on_step_end(self, step: int, loop: TrainingLoop) -> None:
        for weight in self._constrained:
            weight.assign(weight.constraint(weight.view))
        if self._updates_metrics:
            rows, predictions = loop.trainer.last_batch()
            assert isinstance(self._objectives, Objectives) and loop.current is not None
            self._objectives.update(loop.current, rows, predictions)
        if self._notifies_steps:
            self._optimizer._set_iterations(loop.trainer.iterations)
            if (step + 1) % self._together == 0:
                self._callbacks.on_train_batch_end(step, self._objectives.logs(loop.totals()))
                self.stop = self._model.stop_training

    def on_steps(self, steps: int, loop: TrainingLoop) -> None:
        if not self._notifies_steps:
            self._optimizer._set_iterations(loop.trainer.iterations)
            if self._notifies_now_and_then:
                logs = self._objectives.logs(loop.totals())
                self._callbacks.on_train_batch_end(steps - 1, logs)
                self.stop = self._model.stop_training
        if self._bar is not None and self._bar.is_due:
            self._bar.update(steps, self._objectives.logs(loop.totals()))


class HistoryListener(Listener):
    """What is to be done where only a history is kept: epochs may run ahead.

    Parameters
    ----------
    model : Model
    loop : TrainingLoop
        Which is given this listener.
    objectives : Objectives
    history : History

    Attributes
    ----------
    logs : dict
        The figures of the last epoch.
    """

    def __init__(
        self, model: Model, loop: TrainingLoop, objectives: Objectives, history: History
    ) -> None:
        self.logs: dict[str, Any] = {}
        self._model = model
        self._objectives = objectives
        self._history = history
        loop.listener = self

    def epochs_ahead(self, most: int) -> int:
        return most

    @property
    def epochs_noted(self) -> int:
        return len(self._history.epoch)

    def on_epoch_begin(self, epoch: int) -> None:
        self.logs = {}
        self._objectives.reset()

    def on_steps(self, steps: int, loop: TrainingLoop) -> None:
        self._model.optimizer._set_iterations(loop.trainer.iterations)
        self.stop = self._model.stop_training  # which another thread may have set

    on_divergence = staticmethod(warn_of_divergence)

    def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
        self.logs = self._objectives.logs(totals)
        self._history.on_epoch_end(epoch, self.logs)
        return bool(self._model.stop_training)

    def close(self, failed: bool) -> None:
        """Let the first of the model's metrics have the loss of the last epoch."""
        if self.logs:
            self._model._tracker()._assign(self.logs["loss"], 1.0)


def _history_listener(
    model: Model, loop: TrainingLoop, objectives: Objectives | Steps, callbacks: CallbackList
) -> HistoryListener | None:
    """Return the listener of a training without progress and validation, if a history is all.

    Nothing else may look at steps and epochs then, nor may code of the user's run between them.
    """
    notified = callbacks.callbacks
    if len(notified) != 1 or type(notified[0]) is not History or isinstance(objectives, Steps):
        return None
    alone = (
        loop.can_run_ahead
        and not objectives.python_metrics
        and model.optimizer._has_plain_rates
        and all(weight.constraint is None for weight in model._trainers.weights)
        and all(map(schedules.is_formula, model._plan(training=True).schedules))
    )
    return HistoryListener(model, loop, objectives, notified[0]) if alone else None


def run_epochs(
    model: Model,
    data: ArrayData | BatchData,
    objectives: Objectives | Steps,
    trainer: Trainer,
    *,
    validation: Evaluation | None,
    batch_size: int,
    epochs: int,
    verbose: int,
    callbacks: Any,
    shuffle: bool,
    initial_epoch: int,
    steps_per_epoch: int | None = None,
    validation_freq: Any = 1,
    by_segments: bool = False,
) -> History:
    """Go through the epochs of `fit`, with its data prepared; see `Training`.

    `pynn.dask` trains models by it, too, with data and trainer of its own.
    """
    rates, taken = numbers_of(model, objectives), steps_per_epoch
    if taken is not None:  # whole groups, as in Keras
        taken += -taken % model.steps_per_execution
    loop = TrainingLoop(
        trainer,
        data,
        batch_size,
        rates,
        steps_per_epoch=taken,
        by_segments=by_segments,
    )
    notified = CallbackList(
        callbacks,
        model=model,
        add_history=True,
        verbose=verbose,
        epochs=epochs,
        steps=steps_per_epoch or loop.steps,
    )
    listener: FitListener | HistoryListener | None = None
    if not verbose and validation is None:
        listener = _history_listener(model, loop, objectives, notified)
    if listener is None:
        listener = FitListener(
            model,
            loop,
            objectives,
            notified,
            validation=validation,
            validation_freq=validation_freq,
            epochs=epochs,
            verbose=verbose,
        )
    model.stop_training = False
    state = FitState(
        _state.next_seed() if shuffle else None,
        initial_epoch,
        position=lambda: _position_of(loop, objectives),
    )
    notified.set_fit_state(state)
    notified.on_train_begin()
    failed = True
    try:
        # A callback that restores an earlier training says where and how to go on.
        if state.resumed is not None:
            loop.resume(state.resumed)
            if state.resumed["epoch_steps"]:
                assert isinstance(listener, FitListener)
                listener.restore_metrics(state.resumed["metrics"])
        first, order = max(initial_epoch, state.first_epoch), EpochOrder(state.shuffle_seed)
        lock = model._trainers.hold()
        try:
            loop.run(first, epochs, order)
        finally:
            lock.release()
        if loop.exhausted:
            warn_user(
                "the data ran out before an epoch had all of its steps, and the epoch ended "
                "there. An epoch begins where the last one ended, so that the data must hand "
                "out steps_per_epoch * epochs batches"
            )
        failed = False
    finally:
        listener.close(failed)
        notified.set_fit_state(FitState())  # so that callbacks do not keep the data alive
        model.optimizer._set_iterations(trainer.iterations)
    model.optimizer.finalize_variable_values(model.trainable_weights)
    notified.on_train_end(listener.logs)
    return model.history


def _position_of(loop: TrainingLoop, objectives: Objectives | Steps) -> dict[str, Any] | None:
    """Return where a training stands within its data, as plain values."""
    position = loop.position()
    return None if position is None else {**position, "metrics": objectives.held()}
