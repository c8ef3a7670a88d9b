"""`Objectives`: the losses and metrics of a network's outputs, in the engine and in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pynn import metrics
from pynn._tensor import Shape
from pynn.losses import Loss
from pynn.training._data import ArrayData
from pynn.training._targets import check_target
from pynn.training._totals import Totals


@dataclass
class Output:
    """One output and its loss.

    Attributes
    ----------
    name : str
    shape : tuple
        The batch's size, None, in front.
    loss : Loss or None
    loss_weight : float
        Factor of the loss in the sum.
    target_row : tuple or None
        Shape of a row of the target; None stands for that of the output's.
    label : str
        What its loss is called in logs, with "_loss" behind it; empty stands for the name.
    """

    name: str
    shape: Shape
    loss: Loss | None = None
    loss_weight: float = 1.0
    target_row: tuple[int, ...] | None = None
    label: str = ""

    @property
    def loss_name(self) -> str:
        """The key of its loss in logs."""
        return f"{self.label or self.name}_loss"


@dataclass
class OutputMetric:
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

    name: str
    output: int
    metric: Any
    weighted: bool = False
    engine: Any = None
    native: int | None = field(default=None, init=False)


class Objectives:
    """The losses and metrics of a network's outputs.

    Parameters
    ----------
    outputs : sequence of Output
    metrics : sequence of OutputMetric
        In the order of the logs.
    weighted : bool, default=False
        Whether the data has sample weights.

    Attributes
    ----------
    outputs, metrics
        The same.
    python_metrics : list of OutputMetric
        Those that the engine does not compute.
    native_losses : list
        For each output, the loss as `Plan.trainer` takes it.
    native_metrics : list of list
        For each output, the engine's metrics as `Plan.trainer` takes them.
    key : object
        Equal for objectives that the same trainer serves.
    """

    def __init__(
        self, outputs: Sequence[Output], metrics: Sequence[OutputMetric], weighted: bool = False
    ) -> None:
        self.outputs = list(outputs)
        self.metrics = list(metrics)
        self._weighted = weighted
        # A single loss is the whole loss, as in Keras.
        self._names_losses = sum(each.loss is not None for each in outputs) > 1
        self.native_losses = [native_or_loss(each.loss, len(each.shape)) for each in outputs]
        self.native_metrics: list[list[Any]] = [[] for _ in outputs]
        for each in metrics:
            if each.engine is not None and not (each.weighted and weighted):
                computed = self.native_metrics[each.output]
                each.native = len(computed)
                computed.append(each.engine)
        self.python_metrics = [each for each in metrics if each.native is None]
        self.key = (
            [x if isinstance(x, tuple) else id(x) for x in self.native_losses],
            [[x if isinstance(x, str) else id(x) for x in group] for group in self.native_metrics],
            [(each.loss_weight, each.target_row) for each in outputs],
            weighted,
        )

    def for_trainer(self) -> dict[str, Any]:
        """Return the arguments of `Plan.trainer` that follow from these."""
        return {
            "losses": self.native_losses,
            "loss_weights": [each.loss_weight for each in self.outputs],
            "metrics": self.native_metrics,
            "target_rows": [each.target_row for each in self.outputs],
            "weighted": self._weighted,
        }

    def reset(self) -> None:
        """Set all metrics to their beginnings."""
        for each in self.metrics:
            if each.native is None:
                each.metric.reset_state()
            else:  # what the engine computes is a mean; its sums are 0 at once
                each.metric._assign(0.0, 0.0)

    def held(self) -> list[Any]:
        """Return what the metrics computed in Python hold, as plain lists."""
        return [each.metric._state() for each in self.python_metrics]

    def restore(self, state: list[Any]) -> None:
        """Take up what `held` returned."""
        for each, values in zip(self.python_metrics, state, strict=True):
            each.metric._restore(values)

    def update(self, data: ArrayData, rows: Any, predictions: Sequence[np.ndarray]) -> None:
        """Let the metrics computed in Python see a batch.

        Parameters
        ----------
        data : ArrayData
        rows : array of int or slice
            The batch's rows.
        predictions : sequence of ndarray
            For each output, its further axes flattened.
        """
        for each in self.python_metrics:
            target = data.y_arrays[each.output]
            if target is None:
                continue
            y_true = target[rows]
            y_pred = shaped(predictions[each.output], self.outputs[each.output].shape)
            if y_true.ndim == 1 and y_pred.ndim > 1:
                y_true = y_true.reshape(-1, 1)
            weights = data.weight_arrays[each.output] if each.weighted else None
            if weights is None:
                each.metric.update_state(y_true, y_pred)
            else:
                each.metric.update_state(y_true, y_pred, sample_weight=weights[rows])

    def logs(self, totals: Totals) -> dict[str, float]:
        """Return the figures by their names: the losses first, then the metrics."""
        loss, outputs = totals.losses()
        logs = {"loss": loss}
        if self._names_losses:
            for output, value in zip(self.outputs, outputs, strict=True):
                if output.loss is not None:
                    logs[output.loss_name] = value
        if not self.metrics:
            return logs
        sums = totals.metric_sums()
        for each in self.metrics:
            if each.native is not None:
                total, count = sums[each.output][each.native]
                each.metric._assign(total, count)
                if type(each.metric).result is metrics.Mean.result:
                    logs[each.name] = total / count if count else 0.0
                    continue
            value = each.metric.result()
            if isinstance(value, float):
                logs[each.name] = float(value)
            elif isinstance(value, Mapping):
                logs.update({str(k): _figure(v) for k, v in value.items()})
            else:
                logs[each.name] = _figure(value)
        return logs

    def log_names(self) -> list[str]:
        """Return the names of the figures, as far as they are known before there are any."""
        names = ["loss"]
        if self._names_losses:
            names += [each.loss_name for each in self.outputs if each.loss is not None]
        return names + [each.name for each in self.metrics]

    def check(self, data: ArrayData) -> None:
        """Raise ValueError if the targets cannot be those of the losses."""
        for output, target in zip(self.outputs, data.y_arrays, strict=True):
            check_target(output.name, output.loss, target, output.shape)


def _figure(value: Any) -> Any:
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array


def shaped(array: np.ndarray, shape: Shape) -> np.ndarray:
    """Return rows that were computed flat in the shape of an output."""
    if len(shape) == 2:
        return array
    return array.reshape(len(array), *[n or 1 for n in shape[1:]])


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
