"""`Prediction`: a model's outputs for some data, in the engine or by its own `predict_step`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._namespace import to_array
from pynn._structure import leaves, map_leaves, pack
from pynn.callbacks import CallbackList
from pynn.models._custom_steps import Steps
from pynn.models._source import prepare
from pynn.training import ArrayData, BatchData, collect, count_steps, parts_of

if TYPE_CHECKING:
    from pynn.models._model import Model


class Prediction:
    """A prediction for some data.

    Parameters
    ----------
    model : Model
    x
        As `Model.predict` takes it.
    batch_size : int or None
        None takes all rows as one batch.
    steps : int, default=None
        Batches to use; None stands for all.
    by_step : bool, default=False
        Whether the model's `predict_step` computes it, batch by batch.
    """

    def __init__(
        self,
        model: Model,
        x: Any,
        batch_size: int | None,
        steps: int | None = None,
        by_step: bool = False,
    ) -> None:
        self._model = model
        self._taker = Steps(model, "predict_step") if by_step else None
        data = prepare(model, x)[0] if self._taker is None else self._taker.data(x, None, None)
        self._data: ArrayData | BatchData = data
        self._n_rows: int | None = data.n_rows if isinstance(data, ArrayData) else None
        self._batch_size = batch_size or self._n_rows or 1
        self._limit = steps
        self._form: Any = None  # what the model's own step returned

    @property
    def steps(self) -> int | None:
        """Number of batches; None if that shows only at the end."""
        return count_steps(self._data, self._batch_size, self._limit)

    def run(self, callbacks: CallbackList | None = None, bar: Any = None) -> Any:
        """Return the outputs in the form in which the model returns them."""
        n_rows = self._n_rows if self._taker is None else None
        if n_rows is not None and self._limit is not None:
            n_rows = min(n_rows, self._limit * self._batch_size)
        self._model.stop_predicting = False
        if callbacks is not None:
            callbacks.on_predict_begin()
        outputs = collect(self._outputs(callbacks, bar), n_rows)
        if callbacks is not None:
            callbacks.on_predict_end()
        return self._in_form(outputs)

    def _in_form(self, outputs: list[np.ndarray]) -> Any:
        """Return outputs in the form in which the model, or its own step, returns them."""
        if self._taker is not None:
            return pack(self._form, outputs)
        return self._model._interface_or_fail().in_form(outputs)

    def _outputs(self, callbacks: CallbackList | None, bar: Any) -> Iterator[list[np.ndarray]]:
        """Yield the outputs of each part."""
        taker, size = self._taker, self._batch_size
        watched = callbacks is not None and callbacks.wants_predict_batches
        notified = callbacks if watched else None
        by_batches = taker is not None or watched
        together = self._model.steps_per_execution
        done = 0
        group: list[list[np.ndarray]] = []  # of batches, for callbacks
        for part in parts_of(self._data, size if by_batches else self._rows(), self._limit, size):
            if taker is not None and not part.n_rows:
                continue
            if notified is not None and done % together == 0:
                notified.on_predict_batch_begin(done)
            if taker is None:
                found = self._model._plan().predict(part.x_arrays, self._computed_together())
            else:
                self._form = map_leaves(to_array, self._model.predict_step(taker.batch(part)))
                found = list(leaves(self._form))
            done += 1 if self._n_rows is None else part.count_steps(size)
            if notified is not None:
                group.append(found)
                if done % together == 0:
                    notified.on_predict_batch_end(done - 1, self._logs(group))
                    group = []
            if bar is not None:
                bar.update(done, {})
            yield found
            if self._model.stop_predicting:
                break
        if notified is not None and (left := -done % together):
            notified.on_predict_batch_end(done - 1 + left, self._logs(group))

    def _logs(self, group: list[list[np.ndarray]]) -> dict[str, Any]:
        """Return what callbacks get to know of some batches."""
        outputs = [np.concatenate(each) for each in zip(*group, strict=True)]
        return {"outputs": self._in_form(outputs)}

    def _computed_together(self) -> int | None:
        """Return how many rows make a difference to one another, None for none."""
        is_apart = self._n_rows is None or not self._model._plan().depends_on_batch
        return None if is_apart else self._batch_size

    def _rows(self) -> int:
        """Return how many rows to predict per call."""
        rows, size = self._model._rows_per_call(), self._batch_size
        return max(rows // size, 1) * size if size <= rows or self._computed_together() else rows
