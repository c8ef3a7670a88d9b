"""Mini-batch training of a reference graph in plain float64 NumPy: loss, penalty, clipping, step.

Takes the losses, options and optimizers of the engine's Trainer by the same names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reference.graph import Arrays, Graph, Mode, Variable, moving_statistics, takes_batch_statistics
from reference.losses import LOSSES
from reference.optimizers import OPTIMIZERS

Loss = tuple[str, list[float]] | None


def measure(
    name: str, y_true: np.ndarray, y_pred: np.ndarray, defaults: dict[str, list[float]]
) -> np.ndarray:
    """The metric of each row; a loss as a metric has its default parameters."""
    if name == "binary_accuracy":
        return ((y_pred > 0.5) == y_true).mean(axis=1)
    if name == "categorical_accuracy":
        return (y_pred.argmax(axis=1) == y_true.argmax(axis=1)) * 1.0
    if name == "sparse_categorical_accuracy":
        return (y_pred.argmax(axis=1) == y_true[:, 0]) * 1.0
    loss = name.removeprefix("loss:")
    return LOSSES[loss][0](y_true, y_pred, *defaults[loss])


@dataclass
class Batch:
    """Arrays of some rows; a weight of None is 1 everywhere, a target may be missing."""

    x: Arrays
    y: list[np.ndarray | None]
    weights: list[np.ndarray | None]

    def rows(self, at: np.ndarray) -> Batch:
        def take(arrays: list) -> list:
            return [None if a is None else a[at] for a in arrays]

        return Batch(take(self.x), take(self.y), take(self.weights))

    def __len__(self) -> int:
        return len(self.x[0])

    def weight(self, output: int) -> np.ndarray:
        given = self.weights[output]
        return np.ones(len(self)) if given is None else given[:, 0].astype(np.float64)


@dataclass
class Totals:
    """Sums over batches, each batch's mean counting as often as it has rows."""

    loss: float = 0.0
    count: int = 0
    outputs: list[float] = field(default_factory=list)
    metrics: list[list[float]] = field(default_factory=list)


@dataclass
class Trainer:
    graph: Graph
    inputs: list[int]
    outputs: list[int]
    losses: list[Loss]
    loss_weights: list[float]
    metrics: list[list[str]]
    parameters: list[Variable]
    l1: list[float]
    l2: list[float]
    optimizer: tuple[str, list[float]]
    options: dict
    loss_defaults: dict[str, list[float]]
    initial: float = 0.0  # where the first slot of the optimizer's state starts
    slots: int = 0
    dtype: str = "float64"
    seed: int = 0
    iterations: int = 0
    state: list[Arrays] = field(default_factory=list)

    def __post_init__(self) -> None:
        for p in self.parameters:
            slots = [np.zeros_like(p.value) for _ in range(self.slots)]
            if slots:
                slots[0] += self.initial
            self.state.append(slots)
        self.totals = self.new_totals()

    def new_totals(self) -> Totals:
        metrics = [[0.0] * len(names) for names in self.metrics]
        return Totals(outputs=[0.0] * len(self.outputs), metrics=metrics)

    def divisor(self, batch: Batch, output: int) -> float:
        if not self.options.get("normalize_by_weights"):
            return len(batch)
        return float(batch.weight(output).sum()) or 1.0

    def penalty(self) -> float:
        return sum(
            l1 * np.abs(p.value).sum() + l2 * (p.value**2).sum()
            for p, l1, l2 in zip(self.parameters, self.l1, self.l2, strict=True)
        )

    def run(self, batch: Batch, mode: Mode, totals: Totals) -> tuple[float, Arrays]:
        """The loss of a batch and its gradients; adds to `totals`."""
        given = dict(zip(self.inputs, (a.astype(np.float64) for a in batch.x), strict=True))
        calls = self.graph.forward(given, mode)
        grads: dict[int, np.ndarray] = {}
        loss = 0.0
        n = len(batch)
        for i, output in enumerate(self.outputs):
            y_pred, y_true = calls[output].y, batch.y[i]
            if self.losses[i] is not None:
                name, params = self.losses[i]
                weight = batch.weight(i) / self.divisor(batch, i)
                mean = (LOSSES[name][0](y_true, y_pred, *params) * weight).sum()
                slope = LOSSES[name][1](y_true, y_pred, *params)
                loss += self.loss_weights[i] * mean
                totals.outputs[i] += mean * n
                grads[output] = grads.get(output, 0.0) + (
                    self.loss_weights[i] * weight[:, None] * slope
                )
            for m, metric in enumerate(self.metrics[i]):
                totals.metrics[i][m] += measure(metric, y_true, y_pred, self.loss_defaults).sum()
        of_variable = self.graph.backward(calls, grads)
        divisor = self.divisor(batch, 0) if self.options.get("l2_per_batch") else 1.0
        loss += self.penalty() / divisor
        result = []
        for p, l1, l2 in zip(self.parameters, self.l1, self.l2, strict=True):
            slope = l1 * np.sign(p.value) + 2 * l2 * p.value
            result.append(of_variable[p] + slope / divisor)
        totals.loss += loss * n
        totals.count += n
        self.calls = calls
        return loss, result

    def gradients(self, batch: Batch) -> tuple[float, Arrays]:
        """All rows as one batch, in training mode; nothing changes."""
        mode = Mode(True, self.seed, self.iterations, self.dtype)
        return self.run(batch, mode, self.new_totals())

    def evaluate(self, batch: Batch) -> Totals:
        totals = self.new_totals()
        self.run(batch, Mode(), totals)
        return totals

    def clipped(self, grads: Arrays) -> Arrays:
        norms = [np.sqrt((g**2).sum()) for g in grads]
        if limit := self.options.get("global_clipnorm"):
            norm = np.sqrt(sum(n**2 for n in norms))
            grads = [g * limit / max(limit, norm) for g in grads]
        elif limit := self.options.get("clipnorm"):
            grads = [g * limit / max(limit, n) for g, n in zip(grads, norms, strict=True)]
        if limit := self.options.get("clipvalue"):
            grads = [np.clip(g, -limit, limit) for g in grads]
        return grads

    def step(self, batch: Batch, numbers: np.ndarray) -> None:
        """Step by the learning rate, or by that, the weight decay, and what nodes take."""
        rate, *others = np.atleast_1d(numbers)
        decay = others[0] if self.options.get("scheduled_decay") else None
        mode = Mode(True, self.seed, self.iterations, self.dtype, (rate, *others))
        _, grads = self.run(batch, mode, self.totals)
        for call, node in zip(self.calls, self.graph.nodes, strict=True):
            if node.kind == "batch_normalization" and takes_batch_statistics(call):
                moved = moving_statistics(call)
                for v, value in zip(node.variables, moved, strict=False):
                    v.value = value
        self.iterations += 1
        name, hyper = self.optimizer
        rates = rate * np.array(self.options.get("rate_factors") or [1.0] * len(grads))
        decays = np.array(self.options.get("decay_factors") or [1.0] * len(grads)) * (
            self.options.get("weight_decay", 0.0) if decay is None else decay
        )
        for i, grad in enumerate(self.clipped(grads)):
            w = self.parameters[i].value
            w = w - rates[i] * decays[i] * w
            w, slots = OPTIMIZERS[name](w, self.state[i], grad, rates[i], self.iterations, *hyper)
            self.parameters[i].value, self.state[i] = w, slots

    def epoch(self, data: Batch, batch_size: int, order: np.ndarray, rates: np.ndarray) -> None:
        """Walk through `order` batch by batch; the last batch may be short."""
        self.totals = self.new_totals()
        for i, first in enumerate(range(0, len(order), batch_size)):
            self.step(data.rows(order[first : first + batch_size]), rates[i])
