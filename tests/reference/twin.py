"""A native graph and its NumPy counterpart, built node by node with the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn import _core
from reference import trainer
from reference.elementwise import Step
from reference.graph import Graph, Mode, Program, Variable


@dataclass(eq=False)
class Weight:
    """A variable of the engine, and of the reference."""

    native: Any
    reference: Variable

    def assign(self, value: np.ndarray) -> None:
        self.native.view[...] = value
        self.reference.value = self.native.view.astype(np.float64)


def rows(arrays: list[np.ndarray | None]) -> list:
    """Sources for the engine; None stays None."""
    return [None if a is None else _core.Rows(a) for a in arrays]


class Twin:
    """Both graphs. Weights are drawn so that activations keep a size of about 1.

    `in_out`: matrices are stored so by the engine.
    """

    def __init__(self, dtype: str = "float64", seed: int = 0, in_out: bool = False) -> None:
        self.dtype = dtype
        self.in_out = in_out
        self.rng = np.random.default_rng(seed)
        self.native = _core.Graph(dtype)
        self.reference = Graph()
        self.inputs: list[int] = []
        self.weights: list[Weight] = []  # the trainable ones
        self.all_weights: list[Weight] = []

    def add(
        self, kind: str, inputs: list[int], weights: list[Weight] | None = None, **params: float
    ) -> int:
        weights = weights or []
        full = {"alpha": _core.activation_default(kind)} if kind in ACTIVATIONS else {}
        full |= params
        number = self.native.add(kind, inputs, [w.native for w in weights], params)
        assert self.reference.add(kind, inputs, [w.reference for w in weights], full) == number
        return number

    def weight(self, value: np.ndarray) -> Weight:
        native = _core.Variable(*value.shape, self.dtype, self.in_out and len(value) > 1)
        weight = Weight(native, Variable(value))
        weight.assign(value)
        self.weights.append(weight)
        self.all_weights.append(weight)
        return weight

    def normal(self, n_rows: int, n_cols: int, scale: float = 1.0) -> Weight:
        return self.weight(self.rng.normal(0, scale, (n_rows, n_cols)))

    def input(self, features: int) -> int:
        self.inputs.append(self.add("input", [], features=features))
        return self.inputs[-1]

    def dense(self, x: int, units: int, bias: bool = True) -> int:
        features = self.native.width(x)
        weights = [self.normal(units, features, features**-0.5)]
        if bias:
            weights.append(self.normal(1, units, 0.3))
        return self.add("dense", [x], weights)

    def grouped_dense(
        self, x: int, groups: int, outputs: int, matrices: int, across: bool, bias: int
    ) -> int:
        """Groups that take turns with the matrices; `bias` numbers of a bias, or 0."""
        inputs = self.native.width(x) // groups
        weights = [self.normal(1, matrices * inputs * outputs, inputs**-0.5)]
        if bias:
            weights.append(self.normal(1, bias, 0.3))
        indices = [g % matrices * inputs * outputs for g in range(groups)]
        input_step, output_step = (1, inputs) if across else (outputs, 1)
        params = {"outputs": outputs, "input_step": input_step, "output_step": output_step}
        number = self.native.add("grouped_dense", [x], [w.native for w in weights], params, indices)
        known = [w.reference for w in weights]
        made = self.reference.add("grouped_dense", [x], known, params, None, indices)
        assert made == number
        return number

    def batch_normalization(self, x: int, **params: float) -> int:
        features = self.native.width(x)
        weights = [self.normal(1, features, 0.3)]
        weights.append(self.weight(self.rng.uniform(0.5, 2, (1, features))))
        moving = weights[:]
        if params.get("scale", 1):
            weights.append(self.weight(self.rng.uniform(0.5, 1.5, (1, features))))
        if params.get("center", 1):
            weights.append(self.normal(1, features, 0.3))
        number = self.add("batch_normalization", [x], weights, **params)
        for w in moving:  # not trainable
            self.weights.remove(w)
        return number

    def expression(
        self, inputs: list[int], steps: list[Step], constants: list[list[float]] | None = None
    ) -> int:
        number = self.native.add_expression(inputs, constants or [], steps)
        program = Program(constants or [], steps)
        assert self.reference.add("expression", inputs, [], {}, program) == number
        return number

    def select(self, x: int, indices: list[int]) -> int:
        number = self.native.add("select_features", [x], indices=indices)
        assert self.reference.add("select_features", [x], [], {}, None, indices) == number
        return number

    def take(self, x: int, size: int, width: int) -> int:
        """Vectors by whole numbers below `size`, made of the features of x."""
        steps = [("sigmoid", [0], 0.0), ("multiply", [3, 1], 0.0), ("minimum", [4, 2], 0.0)]
        constants = [[float(size)], [float(size - 1)]]
        numbers = self.expression([x], [*steps, ("truncate", [5], 0.0)], constants)
        return self.add("take", [numbers], [self.normal(width, size)])

    def data(self, n_rows: int) -> list[np.ndarray]:
        """Normal numbers for every input."""
        widths = [self.native.width(i) for i in self.inputs]
        return [self.rng.normal(size=(n_rows, w)).astype(self.dtype) for w in widths]

    def predict(self, outputs: list[int], x: list[np.ndarray]) -> list[np.ndarray]:
        return _core.Executor(self.native, self.inputs, outputs).predict(rows(x))

    def reference_predict(self, outputs: list[int], x: list[np.ndarray]) -> list[np.ndarray]:
        given = dict(zip(self.inputs, (a.astype(np.float64) for a in x), strict=True))
        calls = self.reference.forward(given, Mode())
        return [calls[output].y for output in outputs]


ACTIVATIONS = set(_core.activation_names())
LOSS_DEFAULTS = {
    name: [default for _, default in _core.loss_parameters(name)] for name in _core.loss_names()
}


@dataclass
class Training:
    """The same training run for the engine and for the reference."""

    twin: Twin
    outputs: list[int]
    losses: list[trainer.Loss]
    loss_weights: list[float] | None = None
    metrics: list[list[str]] | None = None
    weights: list[Weight] | None = None  # the trainable ones; None: all of the twin's
    l1: list[float] | None = None
    l2: list[float] | None = None
    optimizer: tuple[str, list[float]] = ("sgd", [])
    options: dict | None = None

    def __post_init__(self) -> None:
        self.weights = self.twin.weights if self.weights is None else self.weights
        self.loss_weights = self.loss_weights or [1.0] * len(self.outputs)
        self.metrics = self.metrics or [[] for _ in self.outputs]
        self.l1 = self.l1 or [0.0] * len(self.weights)
        self.l2 = self.l2 or [0.0] * len(self.weights)
        self.options = self.options or {}

    def native(self) -> Any:
        return _core.Trainer(
            self.twin.native, self.twin.inputs, self.outputs, self.losses, self.loss_weights,
            self.metrics, [w.native for w in self.weights], self.l1, self.l2, self.optimizer,
            self.options,
        )  # fmt: skip

    def reference(self) -> trainer.Trainer:
        name, hyper = self.optimizer
        return trainer.Trainer(
            self.twin.reference, self.twin.inputs, self.outputs, self.losses, self.loss_weights,
            self.metrics, [w.reference for w in self.weights], self.l1, self.l2, self.optimizer,
            self.options, LOSS_DEFAULTS, _core.optimizer_initial(name, hyper),
            _core.optimizer_slots(name), self.twin.dtype,
        )  # fmt: skip
