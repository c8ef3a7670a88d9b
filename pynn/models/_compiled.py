"""What `compile` was told, and what it comes to once outputs and targets are known.

`Compiled` keeps losses and metrics as they were given; `Objectives` are those of each output, some
computed by the engine and others in Python.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from pynn import losses, metrics
from pynn._structure import is_nested, leaves
from pynn.graph import averages_rows
from pynn.losses import Loss
from pynn.metrics import registry as METRICS
from pynn.models._targets import check_target
from pynn.training import ArrayData, Totals

Shape = tuple[int | None, ...]


class MetricSlot:
    """One metric of one output.

    Attributes
    ----------
    name : str
        Its key in logs.
    output : int
    metric : Metric
    weighted : bool
        Whether sample weights count.
    engine : str, MeanMetricWrapper or None
        What the engine can compute it as: its own name of it, or nodes of the graph.
    native : int or None
        Its place among the engine's metrics of the output; None if it is computed in Python.
    """

    __slots__ = ("engine", "metric", "name", "native", "output", "weighted")

    def __init__(
        self, name: str, output: int, metric: Any, weighted: bool, engine: Any = None
    ) -> None:
        self.engine = engine
        self.name = name
        self.output = output
        self.metric = metric
        self.weighted = weighted
        self.native: int | None = None


def _resets_by_itself(metric: metrics.Metric) -> bool:
    return type(metric).reset_state is not metrics.Metric.reset_state


class Objectives:
    """The losses and metrics of a model's outputs.

    Attributes
    ----------
    losses : list of Loss or None
        For each output.
    native_losses : list
        The same as `Plan.trainer` takes them.
    loss_weights : list of float
    slots : list of MetricSlot
        In the order of the logs.
    native_metrics : list of list
        The engine's metrics of each output, as `Plan.trainer` takes them.
    target_widths : list of int or None
        Numbers in a row of each output's target.
    weighted : bool
        Whether the data has sample weights.
    key : object
        Equal for objectives that the same trainer serves.
    """

    def __init__(
        self,
        output_names: Sequence[str],
        chosen: list[Loss | None],
        loss_weights: list[float],
        slots: list[MetricSlot],
        weighted_data: bool,
        target_widths: list[int | None],
        shapes: Sequence[Shape],
    ) -> None:
        self.output_names = list(output_names)
        self.losses = chosen
        self.target_widths = target_widths
        self.weighted = weighted_data
        self.native_losses = [
            native_or_loss(loss, len(shape)) for loss, shape in zip(chosen, shapes, strict=True)
        ]
        self.loss_weights = loss_weights
        self.slots = slots
        self.native_metrics: list[list[Any]] = [[] for _ in chosen]
        for slot in slots:
            if slot.engine is not None and not (slot.weighted and weighted_data):
                names = self.native_metrics[slot.output]
                slot.native = len(names)
                names.append(slot.engine)
        self.python_slots = [slot for slot in slots if slot.native is None]
        self.key = (
            [x if isinstance(x, tuple) else id(x) for x in self.native_losses],
            loss_weights,
            [[x if isinstance(x, str) else id(x) for x in group] for group in self.native_metrics],
            target_widths,
            weighted_data,
        )

    @property
    def has_own_resets(self) -> bool:
        """Whether the beginning of an epoch runs code of the user's."""
        return any(_resets_by_itself(slot.metric) for slot in self.slots)

    def reset(self) -> None:
        """Set all metrics to their beginnings."""
        for slot in self.slots:
            if slot.native is None or _resets_by_itself(slot.metric):
                slot.metric.reset_state()
            else:  # what the engine computes is a mean; its sums are 0 at once
                slot.metric._assign(0.0, 0.0)

    def held(self) -> list[Any]:
        """Return what the metrics computed in Python hold, as plain lists."""
        return [slot.metric._state() for slot in self.python_slots]

    def restore(self, state: list[Any]) -> None:
        """Take up what `held` returned."""
        for slot, values in zip(self.python_slots, state, strict=True):
            slot.metric._restore(values)

    def update(self, data: ArrayData, rows: Any, predictions: Sequence[np.ndarray]) -> None:
        """Let the metrics computed in Python see a batch.

        Parameters
        ----------
        data : ArrayData
        rows : array of int or slice
            The batch's rows.
        predictions : sequence of ndarray
            For each output.
        """
        for slot in self.python_slots:
            target = data.y_arrays[slot.output]
            if target is None:
                continue
            y_true = target[rows]
            y_pred = predictions[slot.output]
            if y_true.ndim == 1 and y_pred.ndim > 1:
                y_true = y_true.reshape(-1, 1)
            weights = data.weight_arrays[slot.output] if slot.weighted else None
            if weights is None:
                slot.metric.update_state(y_true, y_pred)
            else:
                slot.metric.update_state(y_true, y_pred, sample_weight=weights[rows])

    def logs(self, totals: Totals, prefix: str = "") -> dict[str, float]:
        """Return the figures by their names: the losses first, then the metrics."""
        loss, outputs = totals.losses()
        logs = {f"{prefix}loss": loss}
        if len(self.output_names) > 1:
            for name, chosen, value in zip(self.output_names, self.losses, outputs, strict=True):
                if chosen is not None:
                    logs[f"{prefix}{name}_loss"] = value
        if not self.slots:
            return logs
        sums = totals.metric_sums()
        for slot in self.slots:
            if slot.native is not None:
                total, count = sums[slot.output][slot.native]
                slot.metric._assign(total, count)
                if type(slot.metric).result is metrics.Mean.result:
                    logs[prefix + slot.name] = total / count if count else 0.0
                    continue
            value = slot.metric.result()
            if isinstance(value, float):
                logs[prefix + slot.name] = float(value)
            elif isinstance(value, Mapping):
                logs.update({f"{prefix}{k}": _figure(v) for k, v in value.items()})
            else:
                logs[prefix + slot.name] = _figure(value)
        return logs

    def check(self, data: ArrayData, shapes: Sequence[Shape]) -> None:
        """Raise ValueError if the targets cannot be those of the losses."""
        for name, loss, target, shape in zip(
            self.output_names, self.losses, data.y_arrays, shapes, strict=True
        ):
            check_target(name, loss, target, shape)


def _figure(value: Any) -> Any:
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array


def native_or_loss(loss: Loss | None, rank: int = 2) -> Any:
    """Return the engine's name and parameters of a loss, or the loss if the engine has no such.

    Parameters
    ----------
    loss : Loss or None
    rank : int, default=2
        Number of axes of the output, the batch's included. The engine takes all of a row for the
        classes of one distribution.
    """
    if loss is None or (rank > 2 and loss._over_classes):
        return loss
    # The engine divides by the rows of a batch; what divides otherwise is computed in Python.
    usual = loss.reduction in ("sum_over_batch_size", "mean")
    if not usual or getattr(loss, "ignore_class", None) is not None:
        return loss
    native = loss._native()
    return loss if native is None else (native[0], list(native[1]))


class Compiled:
    """Losses and metrics as `compile` got them.

    Parameters
    ----------
    loss, loss_weights, metrics, weighted_metrics
        See `Model.compile`.
    """

    def __init__(self, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any) -> None:
        self._loss = loss
        self._loss_weights = loss_weights
        self._metrics = metrics
        self._weighted_metrics = weighted_metrics
        self._known: dict[Any, Objectives] = {}
        self._last: Objectives | None = None
        self._made: dict[Any, Any] = {}
        _check_factors(loss_weights)
        for name in _names_in(loss):
            _check_loss(name)
        for given in (metrics, weighted_metrics):
            for name in _names_in(given):
                if not _depends_on_shapes(name):
                    METRICS.find(name)

    def objectives(
        self, names: Sequence[str], shapes: Sequence[Shape], data: ArrayData, dtype: str
    ) -> Objectives:
        """Return what this comes to for such outputs and these targets."""
        y_shapes = tuple(
            None if y is None else (None, *(y.shape[1:] or (1,))) for y in data.y_arrays
        )
        weighted = any(weights is not None for weights in data.weight_arrays)
        key = (tuple(names), tuple(shapes), y_shapes, weighted, dtype)
        if key not in self._known:
            self._known[key] = self._resolve(names, shapes, y_shapes, weighted, dtype)
        self._last = self._known[key]
        return self._last

    def judged(self, names: Sequence[str]) -> list[str] | None:
        """Return those of the outputs that have a loss or metrics; None stands for all."""
        chosen = _per_output(self._loss, names, "loss")
        groups = [_metrics_per_output(g, names) for g in (self._metrics, self._weighted_metrics)]
        judged = [
            name
            for i, name in enumerate(names)
            if chosen[i] is not None or any(group[i] for group in groups)
        ]
        return judged if 0 < len(judged) < len(names) else None

    def _resolve(
        self,
        names: Sequence[str],
        shapes: Sequence[Shape],
        y_shapes: Any,
        weighted: bool,
        dtype: str,
    ) -> Objectives:
        given = _per_output(self._loss, names, "loss")
        if all(value is None for value in given):
            raise ValueError("the model has no loss: give one to compile()")
        chosen = [
            self._loss_of(value, y_shape, shape)
            for value, y_shape, shape in zip(given, y_shapes, shapes, strict=True)
        ]
        slots: list[MetricSlot] = []
        for source, counts_weights in ((self._metrics, False), (self._weighted_metrics, True)):
            for i, group in enumerate(_metrics_per_output(source, names)):
                for value in group:
                    slot = self._slot(
                        value, i, names, y_shapes[i], shapes[i], counts_weights, slots
                    )
                    slot.engine = _in_engine(slot.metric, y_shapes[i], shapes[i], dtype)
                    slots.append(slot)
        factors = _loss_factors(self._loss_weights, names)
        widths = [None if shape is None else math.prod(shape[1:]) for shape in y_shapes]
        return Objectives(names, chosen, factors, slots, weighted, widths, shapes)

    def _loss_of(self, value: Any, y_shape: Any, shape: Shape) -> Loss | None:
        if value is None:
            return None
        key = ("loss", id(value) if not isinstance(value, str) else value, y_shape, shape)
        if key not in self._made:
            y_shape = (None, *shape[1:]) if y_shape is None else y_shape
            self._made[key] = losses.as_loss(value, y_shape, shape)
        found: Loss | None = self._made[key]
        return found

    def _slot(
        self,
        value: Any,
        output: int,
        names: Sequence[str],
        y_shape: Any,
        shape: Shape,
        weighted: bool,
        slots: list[MetricSlot],
    ) -> MetricSlot:
        given = value if isinstance(value, str) else id(value)
        key = ("metric", given, len(slots), y_shape)
        if key not in self._made:
            y_shape = (None, *shape[1:]) if y_shape is None else y_shape
            taken = [slot.metric for slot in slots]
            metric = _as_metric(value, y_shape, shape)
            if any(metric is other for other in taken):
                metric = copy.deepcopy(metric)
            self._made[key] = metric
        metric = self._made[key]
        prefix = f"{names[output]}_" if len(names) > 1 else ""
        name = prefix + metric.name
        known = {slot.name for slot in slots}
        if weighted and name in known:
            name = f"{prefix}weighted_{metric.name}"
        base, count = name, 0
        while name in known:
            count += 1
            name = f"{base}_{count}"
        return MetricSlot(name, output, metric, weighted)

    def names(self) -> list[str]:
        """Return what the numbers of an evaluation are called, as far as that is known."""
        if self._last is None:
            return ["loss"]
        last = self._last
        names = ["loss"]
        if len(last.output_names) > 1:
            names += [
                f"{name}_loss"
                for name, loss in zip(last.output_names, last.losses, strict=True)
                if loss is not None
            ]
        return names + [slot.name for slot in last.slots]

    def metric_objects(self) -> list[Any]:
        """Return the metrics that were resolved last."""
        return [] if self._last is None else [slot.metric for slot in self._last.slots]


@cache
def _check_loss(name: str) -> None:
    """Raise ValueError if there is no such loss."""
    losses.as_loss(name, (None, 1), (None, 1))


def _in_engine(metric: Any, y_shape: Shape | None, shape: Shape, dtype: str) -> Any:
    """Return the engine's name of a metric, or the metric if the engine can compute its function.

    Names are for rows of one axis; with more of them a row is no single distribution.
    """
    name = metric._native() if len(shape) <= 2 else None
    if name is not None:
        return name
    if not isinstance(metric, metrics.MeanMetricWrapper) or metric._dtype is not None:
        return None
    if not metric._is_plain_mean():
        return None
    width = None if y_shape is None else math.prod(n or 1 for n in y_shape[1:])
    return metric if averages_rows(metric, width, shape, dtype) else None


def _as_metric(value: Any, y_shape: Any, shape: Shape) -> Any:
    return metrics.as_metric(value, y_shape, shape)


def _depends_on_shapes(name: str) -> bool:
    return name.lower() in ("accuracy", "acc", "crossentropy", "ce")


def _names_in(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return [name for value in given for name in _names_in(value)]
    return []


def _per_output(given: Any, names: Sequence[str], what: str) -> list[Any]:
    """Return one entry per output; a single one is for all."""
    if isinstance(given, Mapping) and "class_name" not in given:
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(
                f"{what} has the key {unknown[0]!r}, which is no output. The outputs are: "
                f"{', '.join(names)}"
            )
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) == 1:
            return list(given) * len(names)
        if len(given) != len(names):
            raise ValueError(
                f"{what} must have one entry for each output: {', '.join(names)}. "
                f"Received: {len(given)} entries"
            )
        return list(given)
    return [given] * len(names)


def _metrics_per_output(given: Any, names: Sequence[str]) -> list[list[Any]]:
    """Return the metrics of each output.

    A flat list with one entry per output has one for each; any other flat list is for all of them.
    """
    if given is None:
        return [[] for _ in names]
    if isinstance(given, Mapping):
        return [_as_list(value) for value in _per_output(given, names, "metrics")]
    listed = _as_list(given)
    nested = any(is_nested(value) for value in listed)
    if len(names) > 1 and (nested or len(listed) == len(names)):
        return [_as_list(value) for value in _per_output(listed, names, "metrics")]
    if nested:
        listed = [item for value in listed for item in _as_list(value)]
    return [list(listed) for _ in names]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _loss_factors(given: Any, names: Sequence[str]) -> list[float]:
    return [
        1.0 if value is None else float(value)
        for value in _per_output(given, names, "loss_weights")
    ]


def _check_factors(given: Any) -> None:
    for value in leaves(given):
        if value is not None and not (np.ndim(value) == 0 and np.isreal(value)):
            raise ValueError(
                "loss_weights must be a number, or a list or dict with one for each output. "
                f"Received: loss_weights={given!r}"
            )
