"""What an interpreted training makes small: the loss and metrics of one output.

Losses known to the engine are the engine's. Those written in Python are recorded once, as a small
network of their own from targets and predictions to values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _core
from pynn._tensor import Mode
from pynn.graph._interpreter import run_backward, run_forward
from pynn.graph._per_row import record_loss, target_shape
from pynn.graph._walk import topological
from pynn.ops import Tensor

Totals = tuple[float, float]


class TracedLoss:
    """A loss written in Python, recorded for targets and predictions of given widths.

    Parameters
    ----------
    loss : pynn.losses.Loss
    y_true_shape, y_pred_shape : tuple
        The batch's size is None.
    dtype : str
    """

    def __init__(
        self,
        loss: Any,
        y_true_shape: tuple[int | None, ...],
        y_pred_shape: tuple[int | None, ...],
        dtype: str,
    ) -> None:
        self._inputs = [Tensor(y_true_shape, dtype), Tensor(y_pred_shape, dtype)]
        self._values, self._mask = record_loss(loss, *self._inputs)
        outputs = [self._values] if self._mask is None else [self._values, self._mask]
        self._nodes = topological(outputs, self._inputs)
        self._reduction = loss.reduction

    def differentiate(
        self, y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray | None
    ) -> tuple[float, np.ndarray]:
        """Return the reduced loss and its gradient."""
        mode = Mode(training=True)
        known: dict[int, Any] = {id(self._inputs[0]): y_true, id(self._inputs[1]): y_pred}
        run_forward(self._nodes, known, mode)
        values = np.asarray(known[id(self._values)])
        values = values.astype(y_pred.dtype, copy=False)
        factor = np.ones(values.shape, values.dtype)
        if self._mask is not None:
            factor *= np.asarray(known[id(self._mask)]).reshape(values.shape)
        count = float(factor.sum())
        if weight is not None:
            # A loss that is one number is weighted as a whole.
            factor *= (
                weight.reshape(len(weight), *[1] * (values.ndim - 1))
                if values.ndim
                else (weight.mean())
            )
        if self._reduction == "mean_with_sample_weight":
            count = float(factor.sum())
        elif self._reduction == "sum":
            count = 1.0
        total = float((values * factor).sum(dtype=np.float64))
        grads = {id(self._values): factor / max(count, np.finfo(values.dtype).tiny)}
        run_backward(self._nodes, known, grads, mode, {id(self._inputs[1])})
        grad = np.asarray(grads.get(id(self._inputs[1]), np.zeros_like(y_pred)))
        return total / count if count else 0.0, grad


class Objective:
    """The loss and the metrics of one output.

    Parameters
    ----------
    tensor : Tensor
        The output.
    loss : (str, sequence of float), Loss or None
    weight : float
        Of this output's loss in the sum.
    metrics : sequence of str or MeanMetricWrapper
        The engine's names, and means of functions.
    dtype : str
    by_weights : bool
        Whether losses of the engine are divided by the sum of sample weights instead of the rows.
    """

    def __init__(
        self,
        tensor: Tensor,
        loss: Any,
        weight: float,
        metrics: Sequence[Any],
        dtype: str,
        by_weights: bool,
    ) -> None:
        self.tensor = tensor
        self._loss = loss
        if isinstance(loss, tuple):
            name, params = loss
            defaults = [default for _, default in _core.loss_parameters(name)]
            self._loss = name, [*params, *defaults[len(params) :]]
        self._weight = float(weight)
        self._metrics = list(metrics)
        self._dtype = dtype
        self._by_weights = by_weights
        self._traced: dict[tuple[int, ...], TracedLoss] = {}

    def zeros(self) -> np.ndarray:
        """Return sums to begin with: total and count of the loss, then of each metric."""
        return np.zeros((1 + len(self._metrics), 2))

    def check(self, target: Any) -> None:
        """Raise ValueError if a target is missing."""
        if target is None and (self._loss is not None or self._metrics):
            raise ValueError(f"output {self.tensor.name!r} has a loss or metric and no target")

    def differentiate(
        self, value: Any, target: Any, weight: np.ndarray | None, sums: np.ndarray
    ) -> tuple[float, np.ndarray | None]:
        """Return the weighted loss of a batch and its gradient; add to the sums."""
        value = np.asarray(value, self._dtype)
        flat = np.ascontiguousarray(value.reshape(len(value), -1))
        if target is not None and target.size == value.size:
            target = target.reshape(value.shape)
        for i, name in enumerate(self._metrics):
            if isinstance(name, str):
                sums[1 + i] += _metric_total(name, target.reshape(len(target), -1), flat)
            else:
                sums[1 + i] += _mean_total(name, target, value)
        if self._loss is None:
            return 0.0, None
        if isinstance(self._loss, tuple):
            loss, grad = self._native(target, flat, weight)
        else:
            row = target.shape[1:]
            if row not in self._traced:
                shape = target_shape(self.tensor.shape, row)
                self._traced[row] = TracedLoss(self._loss, shape, self.tensor.shape, self._dtype)
            loss, grad = self._traced[row].differentiate(target, value, weight)
        sums[0] += (loss * len(value), len(value))
        return loss * self._weight, (grad * value.dtype.type(self._weight)).reshape(value.shape)

    def _native(
        self, target: np.ndarray, flat: np.ndarray, weight: np.ndarray | None
    ) -> tuple[float, np.ndarray]:
        name, params = self._loss
        target = np.ascontiguousarray(target.reshape(len(target), -1))
        values = _core.loss_values(name, list(params), target, flat).astype(np.float64)
        grad = _core.loss_gradient(name, list(params), target, flat)
        divisor = float(len(flat))
        if weight is not None:
            column = weight.reshape(-1)
            values = values * column
            grad = grad * column[:, None]
            if self._by_weights:
                divisor = float(column.sum()) or 1.0  # as in csrc/training/data.cpp
        return float(values.sum()) / divisor, grad / grad.dtype.type(divisor)


def _mean_total(metric: Any, target: np.ndarray, value: np.ndarray) -> Totals:
    values = np.asarray(metric._values(target, value), np.float64)
    return float(values.mean(axis=tuple(range(1, values.ndim))).sum()), float(len(values))


def _metric_total(name: str, target: np.ndarray, value: np.ndarray) -> Totals:
    if name.startswith("loss:"):
        name = name.removeprefix("loss:")
        defaults = [default for _, default in _core.loss_parameters(name)]
        hits = _core.loss_values(name, defaults, np.ascontiguousarray(target), value)
    elif name == "binary_accuracy":
        hits = ((value > 0.5) == target).mean(axis=1)
    elif name == "categorical_accuracy":
        hits = value.argmax(axis=1) == target.argmax(axis=1)
    else:
        hits = value.argmax(axis=1) == target.reshape(-1)
    return float(hits.sum()), float(len(hits))
