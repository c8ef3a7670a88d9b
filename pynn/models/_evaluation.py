"""`Evaluation`: losses and metrics of a model on some data, as often as they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn.callbacks import CallbackList
from pynn.models._custom_steps import Steps
from pynn.models._source import prepare
from pynn.training import ArrayData, BatchData, Objectives, Totals, count_steps, parts_of

if TYPE_CHECKING:
    from pynn.models._model import Model


def evaluation_of(
    model: Model, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None
) -> Evaluation:
    """Return an evaluation on a user's data; the parameters are those of `Model.evaluate`."""
    if model._has_own("test_step"):
        own = Steps(model, "test_step")
        return Evaluation(model, own.data(x, y, sample_weight), own, batch_size, steps)
    data, _ = prepare(model, x, y, sample_weight)
    return Evaluation(model, data, checked_objectives(model, data), batch_size, steps)


def checked_objectives(model: Model, data: ArrayData | BatchData) -> Objectives:
    """Return the objectives for data, whose targets are checked against them.

    Raises
    ------
    ValueError
        If the targets are none of the losses.
    """
    first = data.peek() if isinstance(data, BatchData) else data
    weighted = any(weights is not None for weights in first.weight_arrays)
    objectives = model._objectives(first.y_arrays, weighted)
    objectives.check(first)
    return objectives


def size_of_all(data: ArrayData | BatchData) -> int:
    """Return the batch size by which all rows are one batch; what hands out batches has its own."""
    return max(data.n_rows, 1) if isinstance(data, ArrayData) else 1


class Evaluation:
    """An evaluation that can be run again and again.

    Parameters
    ----------
    model : Model
    data : ArrayData or BatchData
    objectives : Objectives or Steps
    batch_size : int or None
        None stands for all rows.
    steps : int or None
        Batches to use; None stands for all.
    """

    def __init__(
        self,
        model: Model,
        data: ArrayData | BatchData,
        objectives: Objectives | Steps,
        batch_size: int | None,
        steps: int | None,
    ) -> None:
        self._model = model
        self._data = data
        self._objectives = objectives
        self._batch_size = size_of_all(data) if batch_size is None else batch_size
        self._limit = steps

    @property
    def steps(self) -> int | None:
        """Number of batches; None if that shows only at the end."""
        return count_steps(self._data, self._batch_size, self._limit)

    @property
    def is_silent(self) -> bool:
        """Whether it runs no code of the user's, which might print."""
        objectives = self._objectives
        in_engine = isinstance(objectives, Objectives) and not objectives.python_metrics
        return in_engine and isinstance(self._data, ArrayData)

    def run(self, callbacks: CallbackList, bar: Any = None) -> dict[str, Any]:
        """Return the figures."""
        model, objectives = self._model, self._objectives
        evaluator: Any = objectives
        rows = size = self._batch_size
        by_batches = callbacks.wants_test_batches
        if isinstance(objectives, Objectives):
            evaluator = model._trainers.evaluator(model, objectives)
            if not by_batches:
                rows = max(model._rows_per_call() // size, 1) * size
        model.stop_evaluating = False
        callbacks.on_test_begin()
        objectives.reset()
        totals: Totals | None = None
        together = model.steps_per_execution
        done = 0
        for part in parts_of(self._data, rows, self._limit, size):
            if not part.n_rows:
                continue
            if by_batches and done % together == 0:
                callbacks.on_test_batch_begin(done)
            if isinstance(objectives, Objectives) and objectives.python_metrics:
                plan = model._plan()
                with plan.without_changes():  # which the evaluation makes
                    by = size if plan.depends_on_batch else None
                    predictions = plan.predict(part.x_arrays, by)
                objectives.update(part, slice(None), predictions)
            totals = Totals(evaluator.evaluate(*part.sources(evaluator), size)) + totals
            done += part.count_steps(size) if isinstance(self._data, ArrayData) else 1
            if by_batches and done % together == 0:
                callbacks.on_test_batch_end(done - 1, objectives.logs(totals))
            if bar is not None and bar.is_due:
                bar.update(done, objectives.logs(totals))
            if model.stop_evaluating:
                break
        if totals is None:
            raise ValueError("there is no data to evaluate the model on: it has no rows")
        logs = objectives.logs(totals)
        if isinstance(objectives, Objectives):
            model._tracker()._assign(logs["loss"], 1.0)
        if by_batches and (left := -done % together):
            callbacks.on_test_batch_end(done - 1 + left, dict(logs))
        callbacks.on_test_end(logs)
        return logs
