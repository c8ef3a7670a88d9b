"""`Model.fit` and `Model.train_on_batch`: from a user's data to epochs, and back to logs.

The epochs themselves are `pynn.training`'s.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _core, _state
from pynn._number_checks import is_integer
from pynn.callbacks import CallbackList, History
from pynn.models._compiled import Compiled, Objectives
from pynn.models._custom_steps import StepEvaluation, Steps, has_own
from pynn.models._evaluation import (
    Validation,
    batch_objectives,
    checked_count,
    checked_verbose,
    figures,
)
from pynn.models._source import prepare
from pynn.training import (
    ArrayData,
    BatchData,
    EpochRunner,
    ProgressBar,
    Totals,
    Watcher,
    comes_in_batches,
    progress_shown,
)

if TYPE_CHECKING:
    from pynn.models._model import Model


def fit(
    self: Model,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: Mapping[Any, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: Any = 1,
) -> Any:
    """Train the model.

    Parameters
    ----------
    x : array-like, DataFrame or sparse matrix, or a list, tuple or dict of them
        One entry for each input. Also a generator, a `pynn.utils.PyDataset` or an iterable that
        hands out batches ``(x, y)`` or ``(x, y, sample_weight)``.
    y : the same, default=None
        One entry for each output, or for each that has a loss or metrics.
    batch_size : int, default=None
        Rows per step; None stands for 32.
    epochs : int, default=1
        The number of the last epoch, counted from 1.
    verbose : {"auto", 0, 1, 2}, default="auto"
        0 is silent, 1 (and "auto") shows a bar, or a line per epoch where the output is no
        terminal, 2 shows a line per epoch.
    callbacks : Callback or list of Callback, default=None
    validation_split : float, default=0.0
        The last part of the rows, before any shuffling, that is kept for validation.
    validation_data : (x, y), (x, y, sample_weight), generator or dataset, default=None
        What the model is evaluated on after each epoch. `validation_split` does not count then.
    shuffle : bool, default=True
        Whether each epoch goes through the rows in another order.
    class_weight : dict of int to float, default=None
        Factors for the weights of samples by class; for several outputs also a dict of such dicts
        by name.
    sample_weight : array-like, shape (n,), default=None
        Or a list or dict with one for each output.
    initial_epoch : int, default=0
        Where the numbers of epochs begin, to go on with a training.
    steps_per_epoch : int, default=None
        None stands for all rows once.
    validation_steps : int, default=None
        Batches of validation; None stands for all.
    validation_batch_size : int, default=None
        None stands for `batch_size`.
    validation_freq : int or list of int, default=1
        Every how many epochs, or after which ones, to validate.

    Returns
    -------
    History
        With the figures of each epoch in ``history.history``.

    Raises
    ------
    RuntimeError
        If `compile` has not been called.
    ValueError
        If the data does not fit the model.
    """
    compiled = self._compiled_or_fail("fit")
    batch_size = checked_count("batch_size", batch_size, 32)
    checked_count("epochs", epochs, 1)
    steps_per_epoch = checked_count("steps_per_epoch", steps_per_epoch, None)
    _check_frequency(validation_freq)
    verbose = checked_verbose(verbose)
    if x is None:
        raise ValueError("fit() needs data: x is None")
    data, held_out, objectives, trainer = _training_of(
        self,
        compiled,
        (x, y, sample_weight),
        class_weight,
        validation_split if validation_data is None else 0.0,
    )
    validation = _validation(
        self,
        held_out,
        validation_data,
        checked_count("validation_batch_size", validation_batch_size, batch_size),
        checked_count("validation_steps", validation_steps, None),
        trainer,
    )
    watcher = _FitWatcher(self, objectives)
    runner = EpochRunner(
        trainer,
        data,
        batch_size,
        self.optimizer._rates,
        steps_per_epoch=steps_per_epoch,
        watcher=watcher,
    )
    watcher.callbacks = listeners = CallbackList(
        callbacks,
        model=self,
        add_history=True,
        verbose=verbose,
        epochs=epochs,
        steps=runner.steps,
    )
    history = listeners.history
    self.stop_training = False
    logs: dict[str, Any] = {}
    watcher.set_pace()
    self._initial_epoch = initial_epoch
    self._shuffle_seed = _state.next_seed() if shuffle else None
    progress = progress_shown(verbose, _is_silent(data, validation, trainer, watcher))
    self._position = lambda: _position(runner, objectives)
    self._resumed = None
    listeners.on_train_begin()
    try:
        # A callback that restores an earlier training says where and how to go on.
        seed, position = self._shuffle_seed, self._resumed
        if position is not None:
            runner.resume(position)
        first = max(initial_epoch, self._initial_epoch)
        unwatched = (
            verbose == 0
            and validation is None
            and steps_per_epoch is None
            and _is_unwatched(data, trainer, watcher)
        )
        if unwatched and epochs - first > 1:  # no callback has resumed an earlier training
            logs = _run_unwatched(self, runner, watcher, range(first, epochs), seed)
            first = epochs
        for index in range(first, epochs):
            logs = {}
            bar = watcher.bar = progress.begin(runner.steps, f"Epoch {index + 1}/{epochs}")
            listeners.on_epoch_begin(index)
            objectives.reset()
            if position is not None and position["epoch_steps"]:
                objectives.restore(position["metrics"])
            position = None
            epoch = runner.run_epoch(index, shuffle_seed=seed)
            if epoch.steps == 0:
                _warn_exhausted()
                break
            logs = objectives.logs(epoch.totals)
            if validation is not None and _is_due(validation_freq, index):
                logs.update(validation.run(listeners))
            listeners.on_epoch_end(index, logs)
            bar.finish(epoch.steps, logs)
            if runner.exhausted:
                _warn_exhausted()
                break
            if self.stop_training:
                break
    except BaseException:
        watcher.bar.abandon()
        raise
    finally:
        progress.close()
        self._position = None
        self.optimizer._set_iterations(trainer.iterations)
    self.optimizer.finalize_variable_values(self._trainers.weights)
    listeners.on_train_end(logs)
    return history


def _training_of(
    model: Model,
    compiled: Compiled,
    given: tuple[Any, Any, Any],
    class_weight: Mapping[Any, float] | None,
    validation_split: float,
) -> tuple[Any, Any, Any, Any]:
    """Return the data, its held-out part, the objectives and what takes the steps."""
    if not has_own(model, "train_step"):
        data, held_out = prepare(model, *given, class_weight, validation_split)
        objectives = batch_objectives(model, compiled, data)
        return data, held_out, objectives, model._trainers.trainer(model, objectives)
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
    return data, held_out, steps, steps


def _runs_in_engine(data: Any, trainer: Any, watcher: _FitWatcher) -> bool:
    """Whether no code of the user's runs for data and steps."""
    return (
        isinstance(data, ArrayData) and isinstance(trainer, _core.Trainer) and not watcher.per_step
    )


def _is_silent(data: Any, validation: Any, trainer: Any, watcher: _FitWatcher) -> bool:
    """Whether no code of the user's, which might print, runs for batches and epochs."""
    return (
        _runs_in_engine(data, trainer, watcher)
        and not watcher.callbacks.may_print
        and (validation is None or (isinstance(validation, Validation) and validation.is_silent))
    )


def _is_unwatched(data: Any, trainer: Any, watcher: _FitWatcher) -> bool:
    """Whether nobody but the history looks at steps and epochs, which the engine can then take.

    Nor may code of the user's run between them: what computes learning rates, or a metric's own
    way to begin an epoch.
    """
    return (
        _runs_in_engine(data, trainer, watcher)
        and watcher.optimizer._has_plain_rates
        and isinstance(watcher.objectives, Objectives)
        and not watcher.objectives.has_own_resets
        and [type(callback) for callback in watcher.callbacks.callbacks] == [History]
    )


def _run_unwatched(
    model: Model, runner: EpochRunner, watcher: _FitWatcher, epochs: range, seed: int | None
) -> dict[str, Any]:
    """Run epochs one after the other in the engine, and tell the history; return the last logs.

    What has ended before an error or an interrupt is in the history, once.
    """
    ended: list[dict[str, Any]] = []
    recorded = watcher.callbacks.history.epoch
    cleared = 0  # epochs that are no longer in `ended`
    logs: dict[str, Any] = {}

    def advanced() -> bool:
        nonlocal logs, cleared
        # The record itself says what to go on with, wherever an interrupt has come.
        while (at := len(recorded) - cleared) < len(ended):
            logs = watcher.objectives.logs(Totals(ended[at]))
            watcher.callbacks.on_epoch_end(epochs[len(recorded)], logs)
        ended.clear()
        cleared = len(recorded)
        model.optimizer._set_iterations(runner.trainer.iterations)
        return bool(model.stop_training)  # another thread may set it

    watcher.objectives.reset()
    try:
        runner.run_unwatched(len(epochs), ended, advanced, seed=seed, first=epochs.start)
    except BaseException:
        advanced()
        raise
    return logs


def _position(runner: EpochRunner, objectives: Any) -> dict[str, Any] | None:
    """Return where a training stands within its data, as plain values."""
    position = runner.position()
    return None if position is None else {**position, "metrics": objectives.held()}


def _warn_exhausted() -> None:
    warnings.warn(
        "the data ran out before the last epoch. It must hand out at least "
        "steps_per_epoch * epochs batches",
        stacklevel=3,
    )


def _check_frequency(frequency: Any) -> None:
    given = frequency if isinstance(frequency, (list, tuple, set, range)) else [frequency]
    for value in given:
        checked_count("validation_freq", value, None)


def _is_due(frequency: Any, index: int) -> bool:
    if is_integer(frequency):
        return (index + 1) % int(frequency) == 0
    return index + 1 in frequency


def _validation(
    model: Model, held_out: Any, given: Any, batch_size: int, steps: int | None, trainer: Any
) -> Any:
    if given is None:
        if held_out is None or not isinstance(trainer, Steps):
            return None if held_out is None else Validation(model, held_out, batch_size, steps)
        x, *others = trainer._batch(held_out, slice(None))
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
    if has_own(model, "test_step"):
        return StepEvaluation(model, (x, y, weights), batch_size, steps)
    try:
        data, _ = prepare(model, x, y, weights, None, 0.0)
        return Validation(model, data, batch_size, steps)
    except ValueError as error:
        raise ValueError(f"validation_data: {error}") from error


class _FitWatcher(Watcher):
    """Tells callbacks, metrics written in Python and the progress bar of steps."""

    callbacks: Any
    bar: Any

    def __init__(self, model: Model, objectives: Objectives | Steps) -> None:
        self._model = model
        self.optimizer = model.optimizer
        self.objectives = objectives
        self._constrained = [
            weight for weight in model._trainers.weights if weight.constraint is not None
        ]
        if self.optimizer._stepwise or isinstance(objectives, Steps):
            self._constrained = []  # its own steps see to that
        self._python = bool(objectives.python_slots)
        self.bar = ProgressBar(None, 0)

    def set_pace(self) -> None:
        """Decide whether steps are taken one at a time."""
        self._heard = self.callbacks.wants_train_batches
        self._followed = bool(self.callbacks.listening("on_train_batch_end"))
        self._warned = self.callbacks.listening("on_train_batch_begin")
        self.per_step = bool(self._heard or self._python or self._constrained)

    def step_begins(self, step: int) -> None:
        for callback in self._warned:
            callback.on_train_batch_begin(step, logs={})

    def step_ends(self, step: int, runner: EpochRunner) -> None:
        for weight in self._constrained:
            weight.assign(weight.constraint(weight.view))
        if self._python:
            rows, predictions = runner.trainer.last_batch()
            assert isinstance(self.objectives, Objectives)
            self.objectives.update(runner.current, rows, _shaped(self._model, predictions))
        if self._heard:
            self.optimizer._set_iterations(runner.trainer.iterations)
            self.callbacks.on_train_batch_end(step, self.objectives.logs(runner.totals()))
            self.stop = self._model.stop_training

    def advanced(self, steps: int, runner: EpochRunner) -> None:
        if not self._heard:
            self.optimizer._set_iterations(runner.trainer.iterations)
            if self._followed:
                logs = self.objectives.logs(runner.totals())
                self.callbacks.on_train_batch_end(steps - 1, logs)
                self.stop = self._model.stop_training
        if self.bar.is_due:
            self.bar.update(steps, self.objectives.logs(runner.totals()))


def _shaped(model: Model, predictions: list[np.ndarray]) -> list[np.ndarray]:
    shapes = [tensor.shape for tensor in model.outputs]
    return [
        array if len(shape) == 2 else array.reshape(len(array), *[n or 1 for n in shape[1:]])
        for array, shape in zip(predictions, shapes, strict=True)
    ]


def train_on_batch(
    self: Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Mapping[Any, float] | None = None,
    return_dict: bool = False,
) -> Any:
    """Take one training step on one batch.

    Parameters
    ----------
    x, y, sample_weight, class_weight
        See `fit`.
    return_dict : bool, default=False
        Whether to return the figures by name.

    Returns
    -------
    float, list of float or dict
        The batch's loss before the step, and its metrics, as `evaluate` returns them.
    """
    compiled = self._compiled_or_fail("train_on_batch")
    data, _, objectives, trainer = _training_of(
        self, compiled, (x, y, sample_weight), class_weight, 0.0
    )
    watcher = _FitWatcher(self, objectives)
    watcher.callbacks = CallbackList(None, model=self)
    watcher.set_pace()
    objectives.reset()
    runner = EpochRunner(trainer, data, max(data.n_rows, 1), self.optimizer._rates, watcher=watcher)
    totals: Totals = runner.run_epoch(0).totals
    return figures(objectives.logs(totals), return_dict)
