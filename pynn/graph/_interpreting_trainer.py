"""Trainers written in Python, behind the interface of the engine's ``Trainer``.

`InterpretingTrainer` trains a plan that the engine cannot compute. Losses that the engine knows,
and all optimizers, are still the engine's; only the network, losses written in Python and unusual
penalties are computed in NumPy.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _core, _state
from pynn._sparse import to_dense
from pynn._tensor import Mode
from pynn.graph._interpreter import Computation, Pass, gather, run_backward
from pynn.graph._objective import Objective
from pynn.graph._penalties import Penalty
from pynn.ops import Weight

# Total and count of the whole loss; of each output, those of its loss and then of its metrics.
Sums = tuple[np.ndarray, list[np.ndarray]]


class PythonTrainer(ABC):
    """Goes through data in batches; see ``Trainer`` in ``_core.pyi`` for the methods.

    Data comes as arrays and sparse matrices instead of ``Rows``.
    """

    takes_arrays = True
    _order: np.ndarray = np.arange(0)
    _next = 0

    def start(
        self,
        x: Sequence[Any],
        y: Sequence[Any],
        weights: Sequence[Any],
        batch_size: int,
        order: np.ndarray | None = None,
        shuffle_seed: int | None = None,
        skip: int = 0,
        drop_remainder: bool = False,
    ) -> None:
        """Begin an epoch after its first `skip` batches, maybe without a smaller last one."""
        self._data = (list(x), list(y), list(weights))
        n_rows = x[0].shape[0]
        self._order = np.arange(n_rows) if order is None else np.array(order, np.int64)
        if shuffle_seed is not None:
            np.random.default_rng(shuffle_seed).shuffle(self._order)
        if drop_remainder and len(self._order) >= batch_size:
            self._order = self._order[: len(self._order) // batch_size * batch_size]
        self._batch_size = batch_size
        self._next = skip * batch_size

    def run(self, rates: np.ndarray, seconds: float) -> int:
        """Take steps, each with its numbers, for about `seconds`; return how many."""
        stop = time.perf_counter() + seconds
        done = 0
        while done < len(rates) and self._next < len(self._order):
            rows = self._order[self._next : self._next + self._batch_size]
            self._next += len(rows)
            self._step(rows, np.atleast_1d(rates[done]))
            done += 1
            if time.perf_counter() > stop:
                break
        return done

    @abstractmethod
    def _step(self, rows: np.ndarray, numbers: np.ndarray) -> None:
        """Train on some rows with the numbers of a step, the learning rate first."""


class InterpretingTrainer(PythonTrainer):
    """Steps of training in NumPy.

    Parameters
    ----------
    network : Computation
    losses, loss_weights, metrics, parameters, l1, l2, optimizer, options
        See `Plan.trainer`.
    reason : str, default=None
        What the engine cannot compute.
    """

    def __init__(
        self,
        network: Computation,
        losses: Sequence[Any],
        loss_weights: Sequence[float],
        metrics: Sequence[Sequence[Any]],
        parameters: list[Weight],
        l1: Sequence[float],
        l2: Sequence[float],
        optimizer: Any,
        options: dict[str, Any] | None,
        reason: str | None = None,
    ) -> None:
        self.reason = reason
        self.iterations = 0
        self.seed = _state.next_seed()
        self._network = network
        self._options = options or {}
        by_weights = bool(self._options.get("normalize_by_weights"))
        self._objectives = [
            Objective(tensor, loss, weight, names, network.dtype, by_weights)
            for tensor, loss, weight, names in zip(
                network.outputs, losses, loss_weights, metrics, strict=True
            )
        ]
        self._parameters = parameters
        self._penalties = [
            Penalty(weight, a, b) for weight, a, b in zip(parameters, l1, l2, strict=True)
        ]
        self._optimizer = optimizer
        self.state: list[list[_core.Variable]] = [[] for _ in parameters]
        if isinstance(optimizer, tuple):
            self.state = self._make_state(*optimizer)
        self._sums = self._zeros()

    def _make_state(self, name: str, hyper: Sequence[float]) -> list[list[_core.Variable]]:
        initial = _core.optimizer_initial(name, list(hyper))
        state = []
        for weight in self._parameters:
            native = weight._variable
            slots = [
                _core.Variable(native.rows, native.cols, self._network.dtype)
                for _ in range(_core.optimizer_slots(name))
            ]
            if slots:
                slots[0].view[...] = initial
            state.append(slots)
        return state

    def _zeros(self) -> Sums:
        return np.zeros(2), [objective.zeros() for objective in self._objectives]

    def start(self, x: Sequence[Any], y: Sequence[Any], *args: Any, **kwargs: Any) -> None:
        """Begin an epoch."""
        self._check(y)
        super().start(x, y, *args, **kwargs)
        self._sums = self._zeros()

    def _check(self, y: Sequence[Any]) -> None:
        for objective, target in zip(self._objectives, y, strict=True):
            objective.check(target)

    def _mode(self, training: bool) -> Mode:
        return Mode(training, _state.mix_seed(self.seed, self.iterations), self.iterations)

    def _step(self, rows: np.ndarray, numbers: np.ndarray) -> None:
        with np.errstate(all="ignore"):  # whoever runs the steps notices a loss that is not finite
            loss, grads, predictions, done = self._differentiate(rows, self._data, self._sums[1])
        done.update_weights()
        self._last = (rows, predictions)
        self._sums[0][:] += (loss * len(rows), len(rows))
        self._update(grads, numbers)
        self.iterations += 1

    def _batch(self, rows: Any, data: tuple[list[Any], list[Any], list[Any]]) -> Any:
        x, y, weights = data
        dtype = self._network.dtype
        inputs = [
            gather(source, rows, tensor.shape, dtype)
            for source, tensor in zip(x, self._network.inputs, strict=True)
        ]
        targets = [None if t is None else _dense(t[rows], dtype) for t in y]
        return inputs, targets, [None if w is None else _columns(w[rows], dtype) for w in weights]

    def _differentiate(
        self, rows: Any, data: Any, sums: Sequence[np.ndarray]
    ) -> tuple[float, list[np.ndarray], list[np.ndarray], Pass]:
        inputs, targets, weights = self._batch(rows, data)
        mode = self._mode(training=True)
        done = self._network.run(inputs, mode)
        values = done.values
        grads: dict[int, Any] = {}
        loss = 0.0
        predictions = []
        for objective, tensor, target, weight, own in zip(
            self._objectives, done.outputs, targets, weights, sums, strict=True
        ):
            key = id(tensor)
            predictions.append(np.asarray(values[key]))
            term, grad = objective.differentiate(values[key], target, weight, own)
            loss += term
            if grad is not None:
                grads[key] = grads[key] + grad if key in grads else grad
        for tensor in done.losses:
            value = np.asarray(values[id(tensor)], self._network.dtype)
            loss += float(value.mean())
            grad = np.full(value.shape, 1.0 / max(value.size, 1), value.dtype)
            grads[id(tensor)] = grads.get(id(tensor), 0) + grad
        wanted = {id(weight) for weight in self._parameters}
        run_backward(done.nodes, values, grads, mode, wanted)
        divisor = self._penalty_divisor(len(inputs[0]), weights)
        found = []
        for weight, penalty in zip(self._parameters, self._penalties, strict=True):
            grad = np.asarray(grads.get(id(weight), 0.0)) + np.zeros(weight.shape, weight.dtype)
            term, slope = penalty.differentiate()
            loss += term / divisor
            found.append(grad if slope is None else grad + slope / grad.dtype.type(divisor))
        return loss, found, predictions, done

    def _penalty_divisor(self, n_rows: int, weights: list[Any]) -> float:
        if not self._options.get("l2_per_batch"):
            return 1.0
        by_weights = self._options.get("normalize_by_weights") and weights[0] is not None
        return (float(weights[0].sum()) or 1.0) if by_weights else float(n_rows)

    def _update(self, grads: list[np.ndarray], numbers: np.ndarray) -> None:
        if not isinstance(self._optimizer, tuple):
            self._optimizer.apply(grads, self._parameters)
            return
        name, hyper = self._optimizer
        rate, options = float(numbers[0]), self._options
        if options.get("scheduled_decay"):
            options = {**options, "weight_decay": float(numbers[1])}
        weights = [weight.view for weight in self._parameters]
        states = [
            [slot.view.T.reshape(w.shape) for slot in slots]
            for w, slots in zip(weights, self.state, strict=True)
        ]
        grads = [np.asarray(g, w.dtype, order="C") for g, w in zip(grads, weights, strict=True)]
        step = self.iterations + 1
        _core.optimizer_steps(name, hyper, rate, step, weights, states, grads, options)

    def results(self) -> dict[str, Any]:
        """Return totals and counts since `start`."""
        return _results(self._sums)

    def evaluate(
        self, x: Sequence[Any], y: Sequence[Any], weights: Sequence[Any], batch_size: int
    ) -> dict[str, Any]:
        """Return totals and counts over all rows, in inference mode."""
        sums = self._zeros()
        data = (list(x), list(y), list(weights))
        self._check(y)
        mode = self._mode(training=False)
        penalty = sum(penalty.differentiate()[0] for penalty in self._penalties)
        for start in range(0, x[0].shape[0], batch_size):
            inputs, targets, row_weights = self._batch(slice(start, start + batch_size), data)
            done = self._network.run(inputs, mode)
            values = done.values
            loss = penalty / self._penalty_divisor(len(inputs[0]), row_weights)
            for objective, tensor, target, weight, own in zip(
                self._objectives, done.outputs, targets, row_weights, sums[1], strict=True
            ):
                loss += objective.differentiate(values[id(tensor)], target, weight, own)[0]
            loss += sum(float(np.mean(values[id(tensor)])) for tensor in done.losses)
            done.update_weights()
            sums[0][:] += (loss * len(inputs[0]), len(inputs[0]))
        return _results(sums)

    def gradients(
        self, x: Sequence[Any], y: Sequence[Any], weights: Sequence[Any]
    ) -> tuple[float, list[np.ndarray]]:
        """Return the loss of all rows as one batch, and its gradients in the native shapes."""
        data = (list(x), list(y), list(weights))
        loss, grads, *_ = self._differentiate(slice(None), data, self._zeros()[1])
        return loss, [np.ascontiguousarray(g.T) if g.ndim == 2 else g.reshape(1, -1) for g in grads]

    def last_batch(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return row numbers and predictions of the last step."""
        return self._last


def _results(sums: Sums) -> dict[str, Any]:
    loss, outputs = sums
    pairs = [[(float(total), float(count)) for total, count in own] for own in outputs]
    return {
        "loss": tuple(loss),
        "outputs": [own[0] for own in pairs],
        "metrics": [own[1:] for own in pairs],
    }


def _dense(values: Any, dtype: str) -> np.ndarray:
    dense = np.asarray(to_dense(values)).astype(dtype, copy=False)
    return dense.reshape(-1, 1) if dense.ndim == 1 else dense


def _columns(values: Any, dtype: str) -> np.ndarray:
    dense = _dense(values, dtype)
    return dense.reshape(len(dense), -1)
