"""`Steps`: what runs a `train_step`, `test_step` or `predict_step` that a model's class defines.

Here a step is Python code, called batch by batch. Models that keep the base's steps never come
here: the engine trains them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._namespace import to_array
from pynn._sparse import is_sparse, to_csr, to_dense
from pynn._structure import leaves, pack
from pynn.graph import PythonTrainer
from pynn.models._source import as_array, as_structure
from pynn.training import ArrayData, BatchData, comes_in_batches

if TYPE_CHECKING:
    from pynn.models._model import Model


def _with_rows(value: Any) -> Any:
    """Return an array of numbers, or a sparse matrix of which rows can be taken."""
    return to_csr(value, "x") if is_sparse(value) else as_array(value)


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """Return x, y and sample weights of what a step gets; what is missing is None."""
    if not isinstance(data, tuple):
        data = (data,)
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


class Steps(PythonTrainer):
    """A model's own step behind the interfaces of a trainer and of `Objectives`.

    Parameters
    ----------
    model : Model
    step : {"train_step", "test_step", "predict_step"}
    """

    python_metrics: tuple[Any, ...] = ()
    state: tuple[Any, ...] = ()

    def __init__(self, model: Model, step: str) -> None:
        self._model = model
        self._own_step = getattr(model, step)
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
        self._x_form = as_structure(x, _with_rows)
        self._y_form = None if y is None else as_structure(y, np.asarray)
        self._weighted = sample_weight is not None
        targets = [] if y is None else list(leaves(self._y_form))
        if self._weighted:
            targets.append(as_array(sample_weight)[:, 0])
        return ArrayData(list(leaves(self._x_form)), targets)

    def batch(self, data: ArrayData, rows: Any = slice(None)) -> tuple[Any, ...]:
        """Return what the step gets for some rows."""
        x = pack(self._x_form, [to_dense(array[rows]) for array in data.x_arrays])
        targets = [None if array is None else array[rows] for array in data.y_arrays]
        sample_weight = targets.pop() if self._weighted else None
        y = None if self._y_form is None else pack(self._y_form, targets)
        if self._weighted:
            return x, y, sample_weight
        return (x,) if y is None else (x, y)

    # A trainer

    @property
    def iterations(self) -> int:
        """How many steps the optimizer has taken; the step itself counts them."""
        return int(self._model.optimizer._iterations)

    def start(self, x: Any, y: Any, *args: Any, **kwargs: Any) -> None:
        """Begin an epoch."""
        super().start(x, y, *args, **kwargs)
        self._rows = ArrayData(x, y)

    def _step(self, rows: np.ndarray, numbers: np.ndarray) -> None:
        """Take a step; the optimizer knows its learning rate."""
        self._take(self._rows, rows, len(rows))

    def _take(self, data: ArrayData, rows: Any, n_rows: int) -> None:
        """Call the model's step on one batch."""
        batch = self.batch(data, rows)
        if self._awaited:
            self._restore_metrics(batch)
        logs = self._own_step(batch)
        if not isinstance(logs, Mapping):
            raise ValueError(
                f"{self._own_step.__name__}() of {type(self._model).__name__} must return a dict "
                f"of figures by name. Received: {logs!r}"
            )
        # As in Keras, what is a dict itself adds its own names.
        groups = [v if isinstance(v, Mapping) else {name: v} for name, v in logs.items()]
        figures = {name: value for group in groups for name, value in group.items()}
        self._logs = {name: float(np.asarray(to_array(value))) for name, value in figures.items()}
        self._count += n_rows

    def _restore_metrics(self, batch: tuple[Any, ...]) -> None:
        model, (_, y, _) = self._model, unpack(batch)
        if model._compile_metrics is not None:
            # Which metrics there are shows with the first targets.
            model._objectives_for(model._targets(y))
        for metric, values in zip(model.metrics, self._awaited, strict=True):
            metric._restore(values)
        self._awaited = []

    def results(self) -> dict[str, Any]:
        """Return the step's own loss and the number of rows."""
        loss = self._logs.get("loss", 0.0)
        return {"loss": (loss * self._count, float(self._count)), "outputs": [], "metrics": []}

    def evaluate(self, x: Any, y: Any, weights: Any, batch_size: int) -> dict[str, Any]:
        """Take a step for all rows as one batch; see `results`."""
        data = ArrayData(x, y)
        self._take(data, slice(None), data.n_rows)
        return self.results()

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

    def logs(self, totals: Any = None) -> dict[str, Any]:
        """Return what the last step returned."""
        return dict(self._logs)
