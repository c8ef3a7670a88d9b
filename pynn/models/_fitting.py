"""`Model.fit` and `Model.train_on_batch`: from a user's data to epochs, and back to logs.

The epochs themselves are `pynn.training`'s.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pynn import _state
from pynn._fit_state import FitState
from pynn.callbacks import CallbackList
from pynn.models._compiled import Compiled
from pynn.models._custom_steps import StepEvaluation, Steps, has_own
from pynn.models._evaluation import (
    Validation,
    batch_objectives,
    checked_count,
    checked_verbose,
    figures,
)
from pynn.models._fit_listener import FitListener
from pynn.models._source import prepare
from pynn.training import (
    BatchData,
    EpochOrder,
    TrainingLoop,
    comes_in_batches,
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
    loop = TrainingLoop(
        trainer, data, batch_size, self.optimizer._rates, steps_per_epoch=steps_per_epoch
    )
    notified = CallbackList(
        callbacks,
        model=self,
        add_history=True,
        verbose=verbose,
        epochs=epochs,
        steps=loop.steps,
    )
    listener = FitListener(
        self,
        loop,
        objectives,
        notified,
        validation=validation,
        validation_freq=validation_freq,
        epochs=epochs,
        verbose=verbose,
    )
    self.stop_training = False
    state = FitState(
        _state.next_seed() if shuffle else None,
        initial_epoch,
        position=lambda: _position(loop, objectives),
    )
    notified.set_fit_state(state)
    notified.on_train_begin()
    failed = True
    try:
        # A callback that restores an earlier training says where and how to go on.
        if state.resumed is not None:
            loop.resume(state.resumed)
            if state.resumed["epoch_steps"]:
                listener.restore_metrics(state.resumed["metrics"])
        loop.run(max(initial_epoch, state.first_epoch), epochs, EpochOrder(state.shuffle_seed))
        if loop.exhausted:
            _warn_exhausted()
        failed = False
    finally:
        listener.close(failed)
        self.optimizer._set_iterations(trainer.iterations)
    self.optimizer.finalize_variable_values(self._trainers.weights)
    notified.on_train_end(listener.logs)
    return notified.history


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


def _position(loop: TrainingLoop, objectives: Any) -> dict[str, Any] | None:
    """Return where a training stands within its data, as plain values."""
    position = loop.position()
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
    loop = TrainingLoop(trainer, data, max(data.n_rows, 1), self.optimizer._rates)
    listener = FitListener(self, loop, objectives, CallbackList(None, model=self))
    loop.run(0, 1)
    return figures(listener.logs, return_dict)
