"""`Compiled`: what `compile` was given, and what it comes to once outputs and targets are known."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from pynn import losses, metrics
from pynn._structure import is_nested, leaves
from pynn._tensor import Shape
from pynn.graph import averages_rows
from pynn.losses import Loss
from pynn.metrics import depends_on_shapes
from pynn.metrics import registry as METRICS
from pynn.training import Objectives, Output, OutputMetric, Signature, flattened


class NotCompiledError(RuntimeError, ValueError):
    """Raised where `compile` has to come first: a RuntimeError to Keras 2, a ValueError to 3."""


class UnknownOutputError(ValueError, KeyError):
    """A dict names what is no output: to Keras a ValueError or a KeyError, as the outputs come."""

    __str__ = ValueError.__str__


class Compiled:
    """Losses and metrics as `compile` got them.

    Parameters
    ----------
    loss, loss_weights, metrics, weighted_metrics
        See `Model.compile`.

    Attributes
    ----------
    last : Objectives or None
        What they came to for the last targets.
    """

    def __init__(self, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any) -> None:
        self._loss = loss
        self._loss_weights = loss_weights
        self._metrics = metrics
        self._weighted_metrics = weighted_metrics
        self._known: dict[Any, Objectives] = {}
        self.last: Objectives | None = None
        self._made: dict[Any, Any] = {}
        _check_factors(loss_weights)
        for name in _names_in(loss, "a loss"):
            _check_loss(name)
        for given in (metrics, weighted_metrics):
            for name in _names_in(given, "a metric"):
                if not depends_on_shapes(name):
                    METRICS.find(name)

    def objectives(
        self, signature: Signature, targets: Sequence[Any], weighted: bool, dtype: str
    ) -> Objectives:
        """Return what this comes to for such outputs and these targets."""
        y_shapes = tuple(None if y is None else (None, *(y.shape[1:] or (1,))) for y in targets)
        names, shapes = tuple(signature.output_names), tuple(signature.output_shapes)
        key = (names, shapes, y_shapes, weighted, dtype)
        if key not in self._known:
            self._known[key] = self._resolve(signature, y_shapes, weighted, dtype)
        self.last = self._known[key]
        return self.last

    def evaluated(self, signature: Signature) -> list[str] | None:
        """Return those of the outputs that have a loss or metrics; None stands for all."""
        names = signature.output_names
        loss, _, *metrics = self._flattened(signature.output_form)
        chosen = _per_output(loss, names, "loss")
        groups = [_metrics_per_output(group, names) for group in metrics]
        evaluated = [
            name
            for i, name in enumerate(names)
            if chosen[i] is not None or any(group[i] for group in groups)
        ]
        return evaluated if 0 < len(evaluated) < len(names) else None

    def _flattened(self, form: Any) -> list[Any]:
        """Return losses, their weights, metrics and weighted ones, nested ones by name."""
        given = {
            "loss": self._loss,
            "loss_weights": self._loss_weights,
            "metrics": self._metrics,
            "weighted_metrics": self._weighted_metrics,
        }
        return [
            value if _is_flat(name, value) else flattened(form, value, name)
            for name, value in given.items()
        ]

    def _resolve(
        self, signature: Signature, y_shapes: Any, weighted: bool, dtype: str
    ) -> Objectives:
        names, shapes = signature.output_names, signature.output_shapes
        loss, loss_weights, *groups = self._flattened(signature.output_form)
        chosen = [
            self._loss_of(value, y_shape, shape)
            for value, y_shape, shape in zip(
                _per_output(loss, names, "loss"), y_shapes, shapes, strict=True
            )
        ]
        resolved: list[OutputMetric] = []
        for source, counts_weights in zip(groups, (False, True), strict=True):
            for i, group in enumerate(_metrics_per_output(source, names)):
                for value in group:
                    made = self._metric_of(
                        value, i, names, y_shapes[i], shapes[i], counts_weights, resolved
                    )
                    made.engine = _in_engine(made.metric, y_shapes[i], shapes[i], dtype)
                    resolved.append(made)
        factors = _loss_factors(loss_weights, names)
        rows = [None if shape is None else tuple(shape[1:]) or (1,) for shape in y_shapes]
        form = signature.output_form
        labels = names if form is None else list(_labels(form))
        outputs = map(Output, names, shapes, chosen, factors, rows, labels)
        return Objectives(list(outputs), resolved, weighted)

    def _loss_of(self, value: Any, y_shape: Any, shape: Shape) -> Loss | None:
        if value is None:
            return None
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]  # an output's only loss, in a list as its metrics are
        key = ("loss", id(value) if not isinstance(value, str) else value, y_shape, shape)
        if key not in self._made:
            y_shape = (None, *shape[1:]) if y_shape is None else y_shape
            self._made[key] = losses.as_loss(value, y_shape, shape)
        return self._made[key]

    def _metric_of(
        self,
        value: Any,
        output: int,
        names: Sequence[str],
        y_shape: Any,
        shape: Shape,
        weighted: bool,
        others: list[OutputMetric],
    ) -> OutputMetric:
        given = value if isinstance(value, str) else id(value)
        key = ("metric", given, len(others), y_shape)
        if key not in self._made:
            y_shape = (None, *shape[1:]) if y_shape is None else y_shape
            metric = metrics.as_metric(value, y_shape, shape)
            if any(metric is other.metric for other in others):
                metric = copy.deepcopy(metric)
            self._made[key] = metric
        metric = self._made[key]
        prefix = f"{names[output]}_" if len(names) > 1 else ""
        name = prefix + metric.name
        known = {other.name for other in others}
        if weighted and name in known:
            name = f"{prefix}weighted_{metric.name}"
        base, count = name, 0
        while name in known:
            count += 1
            name = f"{base}_{count}"
        return OutputMetric(name, output, metric, weighted)

    def names(self) -> list[str]:
        """Return what the numbers of an evaluation are called, as far as that is known."""
        return ["loss"] if self.last is None else self.last.log_names()


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
    row = None if y_shape is None else tuple(n or 1 for n in y_shape[1:])
    return metric if averages_rows(metric, row, shape, dtype) else None


def _names_in(given: Any, what: str) -> list[str]:
    """Return the names among losses or metrics, and refuse what can be neither."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, Mapping):
        given = [] if "class_name" in given else list(given.values())
    if isinstance(given, (list, tuple)):
        return [name for value in given for name in _names_in(value, what)]
    if given is None or callable(given):
        return []
    raise ValueError(
        f"{what} must be a name, a class, an instance or a function. Received: {given!r}"
    )


def _is_flat(name: str, given: Any) -> bool:
    """Whether a list of metrics is for all outputs, or one loss is a config."""
    if isinstance(given, Mapping):
        return "class_name" in given
    return name.endswith("metrics") and not any(map(is_nested, given or ()))


def _labels(form: Any, path: tuple[Any, ...] = ()) -> Iterator[str]:
    """Yield what Keras calls the losses of nested outputs: the way to each, by keys and places."""
    if not is_nested(form):
        last = path[-1:] if path and isinstance(path[-1], str) else (form,)
        yield "/".join(map(str, (*path[:-1], *last)))
        return
    pairs = form.items() if isinstance(form, Mapping) else enumerate(form)
    for key, part in pairs:
        yield from _labels(part, (*path, key))


def _per_output(given: Any, names: Sequence[str], what: str) -> list[Any]:
    """Return one entry per output; a single one is for all."""
    if isinstance(given, Mapping) and "class_name" not in given:
        unknown = [key for key in given if key not in names]
        if unknown:
            raise UnknownOutputError(
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
