"""`Model.evaluate`, `Model.predict` and their one-batch forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._namespace import to_array
from pynn._number_checks import is_integer
from pynn._structure import leaves, map_leaves, pack
from pynn.callbacks import CallbackList
from pynn.models._compiled import Compiled
from pynn.models._custom_steps import StepEvaluation, Steps, has_own
from pynn.models._source import prepare
from pynn.training import (
    ArrayData,
    BatchData,
    Objectives,
    Totals,
    comes_in_batches,
    distribute,
    progress_shown,
)
from pynn.training import predict as run_prediction
from pynn.training._data import _input_array

if TYPE_CHECKING:
    from pynn.models._model import Model


def batch_objectives(model: Model, compiled: Compiled, data: Any) -> Objectives:
    """Return the objectives for data, whose targets are checked against them."""
    signature = model._signature()
    first = data.peek() if isinstance(data, BatchData) else data
    objectives = compiled.objectives(
        signature.output_names, signature.output_shapes, first, model.dtype
    )
    objectives.check(first)
    return objectives


def checked_verbose(value: Any) -> int:
    """Return `verbose` as 0, 1 or 2.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if isinstance(value, str) and value == "auto":
        return 1
    if isinstance(value, (bool, int, np.integer)) and 0 <= value <= 2:
        return int(value)
    raise ValueError(f"verbose must be 'auto', 0, 1 or 2. Received: verbose={value!r}")


def checked_count(name: str, value: Any, default: Any) -> Any:
    """Return `value` as an int, or `default` for None.

    Raises
    ------
    ValueError
        If it is no positive integer.
    """
    if value is None:
        return default
    if not is_integer(value) or value < 1:
        raise ValueError(f"{name} must be a positive integer. Received: {name}={value!r}")
    return int(value)


def figures(logs: dict[str, Any], return_dict: bool) -> Any:
    """Return logs as a dict, a list, or the loss alone if there is nothing else."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


class Validation:
    """An evaluation that can be run again and again.

    Parameters
    ----------
    model : Model
    data : ArrayData or BatchData
    batch_size : int
    steps : int or None
        Batches to use; None stands for all.
    """

    def __init__(self, model: Model, data: Any, batch_size: int, steps: int | None) -> None:
        self._model = model
        self._data = data
        self._batch_size = batch_size
        self._steps = steps
        assert model._compiled is not None
        self.objectives = batch_objectives(model, model._compiled, data)

    @property
    def steps(self) -> int | None:
        """Number of batches; None if that shows only at the end."""
        count: int | None = self._data.count_steps(self._batch_size)
        if self._steps is None:
            return count
        return self._steps if count is None else min(self._steps, count)

    @property
    def is_silent(self) -> bool:
        """Whether it runs no code of the user's, which might print."""
        return isinstance(self._data, ArrayData) and not self.objectives.python_metrics

    def run(self, callbacks: Any, prefix: str = "val_", bar: Any = None) -> dict[str, Any]:
        """Return the figures, their names preceded by `prefix`."""
        model, objectives = self._model, self.objectives
        evaluator = model._trainers.evaluator(model, objectives)
        heard = callbacks.wants_test_batches
        callbacks.on_test_begin()
        objectives.reset()
        totals: Totals | None = None
        done = 0
        for part in self._parts(one_batch=heard):
            if heard:
                callbacks.on_test_batch_begin(done)
            x, y, weights = part.sources(evaluator)
            totals = Totals(evaluator.evaluate(x, y, weights, self._batch_size)) + totals
            if objectives.python_metrics:
                plan = model._plan()
                size = self._batch_size if plan.depends_on_batch else None
                predictions = plan.predict(part.x_arrays, size)
                objectives.update(part, slice(None), predictions)
            done += part.count_steps(self._batch_size) if isinstance(self._data, ArrayData) else 1
            if heard:
                callbacks.on_test_batch_end(done - 1, objectives.logs(totals))
            if bar is not None and bar.is_due:
                bar.update(done, objectives.logs(totals))
        if totals is None:
            raise ValueError("there is no data to evaluate the model on: it has no rows")
        logs = objectives.logs(totals)
        callbacks.on_test_end(logs)
        return {prefix + name: value for name, value in logs.items()}

    def _parts(self, one_batch: bool) -> Iterator[ArrayData]:
        """Yield the data in parts that take a native call each."""
        data = self._data
        if isinstance(data, BatchData):
            for i, batch in enumerate(data.batches()):
                if self._steps is not None and i >= self._steps:
                    return
                yield batch
            return
        n_rows = data.n_rows
        if self._steps is not None:
            n_rows = min(n_rows, self._steps * self._batch_size)
        size = self._batch_size
        if not one_batch:
            size = max(self._model._rows_per_call() // size, 1) * size
        if n_rows == data.n_rows <= size and n_rows:
            yield data
            return
        for start in range(0, n_rows, size):
            yield data.take(slice(start, min(start + size, n_rows)))


def evaluate(
    self: Model,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    verbose: Any = "auto",
    sample_weight: Any = None,
    steps: int | None = None,
    callbacks: Any = None,
    return_dict: bool = False,
) -> Any:
    """Return the losses and metrics on some data.

    Parameters
    ----------
    x, y, sample_weight
        See `fit`.
    batch_size : int, default=None
        None stands for 32; the result depends on it only where the model looks at all rows of a
        batch at once.
    verbose : {"auto", 0, 1, 2}, default="auto"
    steps : int, default=None
        Batches to use; None stands for all.
    callbacks : Callback or list of Callback, default=None
    return_dict : bool, default=False
        Whether to return the figures by name.

    Returns
    -------
    float, list of float or dict
        The loss, then those of the outputs if there are several, then the metrics; see
        ``metrics_names``.

    Raises
    ------
    RuntimeError
        If `compile` has not been called.
    ValueError
        If the data does not fit the model, or a count is not positive.
    """
    self._compiled_or_fail("evaluate")
    verbose = checked_verbose(verbose)
    batch_size = checked_count("batch_size", batch_size, 32)
    steps = checked_count("steps", steps, None)
    if x is None:
        raise ValueError("evaluate() needs data: x is None")
    validation: Any
    if has_own(self, "test_step"):
        validation = StepEvaluation(self, (x, y, sample_weight), batch_size, steps)
    else:
        data, _ = prepare(self, x, y, sample_weight, None, 0.0)
        validation = Validation(self, data, batch_size, steps)
    listeners = CallbackList(callbacks, model=self, verbose=verbose, steps=validation.steps)
    progress = progress_shown(verbose)
    bar = progress.begin(validation.steps)
    logs = validation.run(listeners, prefix="", bar=bar)
    bar.finish(validation.steps or 1, logs)
    progress.close()
    return figures(logs, return_dict)


def test_on_batch(
    self: Model, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
) -> Any:
    """Return losses and metrics on one batch, as `evaluate` does."""
    self._compiled_or_fail("test_on_batch")
    return evaluate(self, x, y, None, 0, sample_weight, return_dict=return_dict)


def predict(
    self: Model,
    x: Any,
    batch_size: int | None = None,
    verbose: Any = "auto",
    steps: int | None = None,
    callbacks: Any = None,
) -> Any:
    """Return the model's outputs for some data, in inference mode.

    Parameters
    ----------
    x
        See `fit`.
    batch_size : int, default=None
        None stands for 32; the result depends on it only where the model looks at all rows of a
        batch at once.
    verbose : {"auto", 0, 1, 2}, default="auto"
    steps : int, default=None
        Batches to use; None stands for all.
    callbacks : Callback or list of Callback, default=None

    Returns
    -------
    ndarray, shape (n, ...), or a list, tuple or dict of arrays
        In the form in which the model returns its outputs.

    Raises
    ------
    ValueError
        If the data does not fit the model.
    """
    own_step = has_own(self, "predict_step")
    batch_size = 32 if batch_size is None else checked_count("batch_size", batch_size, 32)
    if verbose == 0 and callbacks is None and steps is None and not own_step:
        return _predicted(self, x, batch_size)
    verbose = checked_verbose(verbose)
    steps = checked_count("steps", steps, None)
    if own_step:
        return _predict_by_steps(self, x, batch_size, verbose, steps, callbacks)
    if comes_in_batches(x):
        return _predict_batches(self, x, verbose, steps, callbacks)
    arrays = input_arrays(self, x)
    if steps is not None:
        arrays = [array[: steps * batch_size] for array in arrays]
    total = -(-arrays[0].shape[0] // batch_size)
    listeners = CallbackList(callbacks, model=self, verbose=verbose, steps=total)
    progress = progress_shown(verbose)
    bar = progress.begin(total)
    heard = listeners.wants_predict_batches
    listeners.on_predict_begin()
    size, chunk = _rows_at_once(self, batch_size)
    outputs = run_prediction(
        self._plan(),
        arrays,
        size,
        chunk=batch_size if heard else chunk,
        report=lambda rows: _report(bar, listeners, heard, -(-rows // batch_size)),
    )
    listeners.on_predict_end()
    bar.finish(total, {})
    progress.close()
    return self._in_form(outputs)


def _report(bar: Any, listeners: Any, heard: bool, done: int) -> None:
    if heard:
        listeners.on_predict_batch_begin(done - 1)
        listeners.on_predict_batch_end(done - 1)
    bar.update(done, {})


def input_arrays(model: Model, x: Any) -> list[Any]:
    """Return the arrays of the inputs, checked; a model that has not been built is built."""
    model._ensure_built(x)
    signature = model._signature()
    given = distribute(x, signature.input_names, "x", "input")
    arrays = [
        _input_array(value, name, shape)
        for value, name, shape in zip(
            given, signature.input_names, signature.input_shapes, strict=True
        )
    ]
    rows = {array.shape[0] for array in arrays}
    if len(rows) > 1:
        raise ValueError(f"all inputs must have as many rows. Received: {sorted(rows)}")
    return arrays


def _predict_batches(
    model: Model, source: Any, verbose: int, steps: int | None, callbacks: Any
) -> Any:
    from pynn.models._source import batches

    data = batches(model, source, None)
    total = steps or data.count_steps(0)
    listeners = CallbackList(callbacks, model=model, verbose=verbose, steps=total)
    progress = progress_shown(verbose)
    bar = progress.begin(total)
    parts: list[list[np.ndarray]] = []
    listeners.on_predict_begin()
    for i, batch in enumerate(data.batches()):
        if steps is not None and i >= steps:
            break
        listeners.on_predict_batch_begin(i)
        parts.append(model._plan().predict(batch.x_arrays))
        listeners.on_predict_batch_end(i)
        bar.update(i + 1, {})
    if not parts:
        raise ValueError("there is no data to predict from: it has no batches")
    listeners.on_predict_end()
    bar.finish(len(parts), {})
    progress.close()
    joined = [np.concatenate(group) for group in zip(*parts, strict=True)]
    return model._in_form(joined)


def _predict_by_steps(
    model: Model, x: Any, batch_size: int, verbose: int, steps: int | None, callbacks: Any
) -> Any:
    """Predict by a model's own `predict_step`, batch by batch."""
    taker = Steps(model, "predict_step")
    data = taker.data(x, None, None)
    total = data.count_steps(batch_size) if steps is None else steps
    listeners = CallbackList(callbacks, model=model, verbose=verbose, steps=total)
    progress = progress_shown(verbose)
    bar = progress.begin(total)
    parts: list[Any] = []
    listeners.on_predict_begin()
    for batch in taker.batches(data, batch_size):
        if steps is not None and len(parts) >= steps:
            break
        listeners.on_predict_batch_begin(len(parts))
        parts.append(map_leaves(to_array, model.predict_step(batch)))
        listeners.on_predict_batch_end(len(parts) - 1)
        bar.update(len(parts), {})
    if not parts:
        raise ValueError("there is no data to predict from: it has no rows")
    listeners.on_predict_end()
    bar.finish(len(parts), {})
    progress.close()
    return pack(
        parts[0], [np.concatenate(group) for group in zip(*map(leaves, parts), strict=True)]
    )


def predict_on_batch(self: Model, x: Any) -> Any:
    """Return the model's outputs for one batch; see `predict`."""
    return _predicted(self, x, None)


def _predicted(self: Model, x: Any, batch_size: int | None) -> Any:
    """Return the outputs for rows in batches of that size, where that makes a difference."""
    found = None if self._fast is None else self._fast(x, self._fast_rows)
    if found is not None:
        return found
    if comes_in_batches(x):
        return _predict_batches(self, x, 0, None, None)
    arrays = input_arrays(self, x)
    size, chunk = _rows_at_once(self, batch_size or max(arrays[0].shape[0], 1))
    outputs = run_prediction(self._plan(), arrays, size, chunk=chunk)
    self._prepare_fast()
    return self._in_form(outputs)


def _rows_at_once(model: Model, batch_size: int) -> tuple[int | None, int]:
    """Return the size of batches, None for any, and how many rows to predict per call."""
    chunk = model._rows_per_call()
    if not model._plan().depends_on_batch:
        return None, chunk
    return batch_size, max(chunk // batch_size, 1) * batch_size
