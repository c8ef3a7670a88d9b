"""`Model.train_step` and `Model.test_step`, and what runs those that a subclass defines.

Here a step is Python code, called batch by batch. Models that keep the base's steps never come
here: the engine trains them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._namespace import to_array
from pynn._structure import leaves, pack
from pynn.graph import Tape
from pynn.metrics import Mean, Metric
from pynn.models._source import as_array, as_structure
from pynn.training import ArrayData, BatchData, comes_in_batches

if TYPE_CHECKING:
    from pynn.models._model import Model


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """Return x, y and sample weights of what a step gets; what is missing is None."""
    if not isinstance(data, tuple):
        data = (data,)
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


# ---- the base's steps, which a subclass may call or replace


def train_step(self: Model, data: Any) -> dict[str, Any]:
    """Take one step on one batch; a subclass may define it, and `fit` then calls it.

    Parameters
    ----------
    data : tuple
        ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, as arrays.

    Returns
    -------
    dict of str to float
        What is shown and recorded.
    """
    x, y, sample_weight = unpack(data)
    with Tape() as tape:
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, sample_weight)
    weights = self.trainable_weights
    self.optimizer.apply(tape.gradient(loss, weights), weights)
    tracker(self).update_state(loss.numpy(), sample_weight=rows_of(x))
    return self.compute_metrics(x, y, y_pred, sample_weight)


def test_step(self: Model, data: Any) -> dict[str, Any]:
    """Evaluate one batch; a subclass may define it, and `evaluate` and `fit` then call it.

    Parameters and result are those of `train_step`.
    """
    x, y, sample_weight = unpack(data)
    y_pred = self(x, training=False)
    loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
    tracker(self).update_state(to_array(loss), sample_weight=rows_of(x))
    return self.compute_metrics(x, y, y_pred, sample_weight)


def predict_step(self: Model, data: Any) -> Any:
    """Return the outputs for one batch; a subclass may define it, and `predict` then calls it.

    Parameters
    ----------
    data : tuple
        ``(x,)``, as arrays.
    """
    return self(unpack(data)[0], training=False)


def compute_loss(
    self: Model,
    x: Any = None,
    y: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    training: bool = True,
) -> Any:
    """Return the loss that `compile` was given, penalties included.

    Parameters
    ----------
    x, y, y_pred, sample_weight : arrays or tensors, or structures of them
    training : bool, default=True

    Returns
    -------
    tensor or number
        A tensor where a tape is open.
    """
    objectives = _objectives(self, x, y)
    total: Any = 0.0
    for output, target, predicted in zip(
        objectives.outputs, leaves(y), leaves(y_pred), strict=True
    ):
        if output.loss is not None:
            loss = output.loss(target, predicted, sample_weight=sample_weight)
            total = total + output.loss_weight * loss
    for penalty in self.losses:
        total = total + penalty
    return total


def compute_metrics(
    self: Model, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
) -> dict[str, Any]:
    """Let the metrics see a batch, and return all figures by name."""
    objectives = _objectives(self, x, y)
    targets, predictions = list(leaves(y)), list(leaves(y_pred))
    figures: dict[str, Any] = {"loss": tracker(self).result()}
    for each in objectives.metrics:
        weights = sample_weight if each.weighted else None
        predicted = to_array(predictions[each.output])
        each.metric.update_state(targets[each.output], predicted, sample_weight=weights)
        figures[each.name] = each.metric.result()
    return figures


def _objectives(model: Model, x: Any, y: Any) -> Any:
    signature = model._signature()
    data = ArrayData([to_array(v) for v in leaves(x)], [to_array(v) for v in leaves(y)])
    compiled = model._compiled_or_fail("compute_loss")
    return compiled.objectives(signature.output_names, signature.output_shapes, data, model.dtype)


def tracker(model: Model) -> Any:
    """Return the mean of the losses of the epoch."""
    if model._loss_tracker is None:
        model._loss_tracker = Mean(name="loss")
    return model._loss_tracker


def rows_of(x: Any) -> int:
    """Return the number of rows of a batch."""
    return len(next(leaves(x)))


def own_metrics(model: Model) -> list[Any]:
    """Return the loss's mean, and the metrics that a model has as attributes."""
    held = [value for value in vars(model).values() if isinstance(value, Metric)]
    return [tracker(model), *(metric for metric in held if metric is not model._loss_tracker)]


# ---- what fit and evaluate use in place of the engine


_BASE_STEPS = {step.__name__: step for step in (train_step, test_step, predict_step)}


def has_own(model: Model, step: str) -> bool:
    """Whether the model's class defines that step."""
    return getattr(type(model), step) is not _BASE_STEPS[step]


class Steps:
    """A model's own step behind the interfaces of a trainer and of `Objectives`.

    Parameters
    ----------
    model : Model
    step : {"train_step", "test_step"}
    """

    takes_arrays = True
    python_metrics: tuple[Any, ...] = ()
    state: tuple[Any, ...] = ()

    def __init__(self, model: Model, step: str) -> None:
        self._model = model
        self._step = getattr(model, step)
        self._x_form: Any = None
        self._y_form: Any = None
        self._weighted = False
        self._count = 0
        self._logs: dict[str, Any] = {}
        self._awaited: list[Any] = []  # what metrics are to hold before the next step

    def data(self, x: Any, y: Any, sample_weight: Any) -> Any:
        """Return data as the epoch loop takes it; its structure is kept for the step."""
        if comes_in_batches(x):
            return BatchData(x, self.data)
        self._x_form = as_structure(x)
        self._y_form = None if y is None else self._targets(y)
        self._weighted = sample_weight is not None
        targets = [] if y is None else list(leaves(self._y_form))
        if self._weighted:
            targets.append(as_array(sample_weight)[:, 0])
        return ArrayData(list(leaves(self._x_form)), targets)

    def _targets(self, y: Any) -> Any:
        if isinstance(y, Mapping) and not hasattr(y, "to_numpy"):
            return {key: np.asarray(value) for key, value in y.items()}
        if isinstance(y, (list, tuple)) and any(hasattr(item, "shape") for item in y):
            return type(y)(np.asarray(item) for item in y)
        return np.asarray(y)

    def _batch(self, data: ArrayData, rows: Any) -> tuple[Any, ...]:
        x = pack(self._x_form, [array[rows] for array in data.x_arrays])
        targets = [None if array is None else array[rows] for array in data.y_arrays]
        sample_weight = targets.pop() if self._weighted else None
        y = None if self._y_form is None else pack(self._y_form, targets)
        if self._weighted:
            return x, y, sample_weight
        return (x,) if y is None else (x, y)

    def batches(self, data: Any, batch_size: int) -> Iterator[tuple[Any, ...]]:
        """Yield what the step gets, in order."""
        parts = data.batches() if isinstance(data, BatchData) else [data]
        for part in parts:
            size = part.n_rows if isinstance(data, BatchData) else batch_size
            for start in range(0, part.n_rows, max(size, 1)):
                yield self._batch(part, slice(start, start + size))

    # A trainer

    @property
    def iterations(self) -> int:
        """How many steps the optimizer has taken; the step itself counts them."""
        return int(self._model.optimizer._iterations)

    def start(
        self,
        x: Any,
        y: Any,
        weights: Any,
        batch_size: int,
        order: Any = None,
        seed: Any = None,
        skip: int = 0,
    ) -> None:
        """Begin an epoch after its first `skip` batches."""
        self._data = ArrayData(x, y)
        self._order = np.arange(self._data.n_rows) if order is None else np.array(order)
        if seed is not None:
            np.random.default_rng(seed).shuffle(self._order)
        self._batch_size = batch_size
        self._next = skip * batch_size

    def run(self, rates: np.ndarray, seconds: float) -> int:
        """Take steps for about `seconds`; the optimizer knows its learning rate."""
        stop = time.perf_counter() + seconds
        done = 0
        while done < len(rates) and self._next < len(self._order):
            rows = self._order[self._next : self._next + self._batch_size]
            self._next += len(rows)
            self.take(self._batch(self._data, rows), len(rows))
            done += 1
            if time.perf_counter() > stop:
                break
        return done

    def take(self, batch: tuple[Any, ...], n_rows: int) -> None:
        """Call the model's step on one batch."""
        if self._awaited:
            self._restore_metrics(batch)
        logs = self._step(batch)
        if not isinstance(logs, Mapping):
            raise ValueError(
                f"{self._step.__name__}() of {type(self._model).__name__} must return a dict of "
                f"figures by name. Received: {logs!r}"
            )
        self._logs = {name: float(np.asarray(to_array(value))) for name, value in logs.items()}
        self._count += n_rows

    def _restore_metrics(self, batch: tuple[Any, ...]) -> None:
        model, (x, y, _) = self._model, unpack(batch)
        if model.loss is not None:
            _objectives(model, x, y)  # which metrics there are shows with the first targets
        for metric, values in zip(model.metrics, self._awaited, strict=True):
            metric._restore(values)
        self._awaited = []

    def results(self) -> dict[str, Any]:
        """Return nothing but the number of rows: figures are the step's own business."""
        return {"loss": (0.0, float(self._count)), "outputs": [], "metrics": []}

    # Objectives

    def reset(self) -> None:
        """Set the metrics to their beginnings."""
        self._model.reset_metrics()

    def held(self) -> list[Any]:
        """Return the last figures and what the metrics hold, as plain lists."""
        return [self._logs, *(metric._state() for metric in self._model.metrics)]

    def restore(self, state: list[Any]) -> None:
        """Take up what `held` returned, the metrics' part before the next step."""
        self._logs, *self._awaited = state

    def logs(self, totals: Any = None, prefix: str = "") -> dict[str, Any]:
        """Return what the last step returned."""
        return {f"{prefix}{name}": value for name, value in self._logs.items()}


class StepEvaluation:
    """An evaluation by a model's own `test_step`; see `Validation`."""

    def __init__(
        self, model: Model, given: tuple[Any, ...], batch_size: int, steps: int | None
    ) -> None:
        self.objectives = Steps(model, "test_step")
        self._data = self.objectives.data(*given)
        self._batch_size = batch_size
        self._limit = steps

    @property
    def steps(self) -> int | None:
        """Number of batches; None if that shows only at the end."""
        count: int | None = self._data.count_steps(self._batch_size)
        return self._limit if count is None else min(self._limit or count, count)

    def _parts(self) -> Iterator[tuple[ArrayData, slice]]:
        if isinstance(self._data, BatchData):
            for part in self._data.batches():
                yield part, slice(None)
            return
        for start in range(0, self._data.n_rows, self._batch_size):
            yield self._data, slice(start, start + self._batch_size)

    def run(self, callbacks: Any, prefix: str = "val_", bar: Any = None) -> dict[str, Any]:
        """Return the figures, their names preceded by `prefix`."""
        callbacks.on_test_begin()
        self.objectives.reset()
        done = 0
        for part, rows in self._parts():
            if self._limit is not None and done >= self._limit:
                break
            callbacks.on_test_batch_begin(done)
            self.objectives.take(self.objectives._batch(part, rows), part.n_rows)
            callbacks.on_test_batch_end(done, self.objectives.logs())
            done += 1
        if not done:
            raise ValueError("there is no data to evaluate the model on: it has no rows")
        callbacks.on_test_end(self.objectives.logs())
        return self.objectives.logs(prefix=prefix)
