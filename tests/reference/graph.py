"""Every op kind, forward beside backward, in plain float64 NumPy on (batch, features) arrays.

`Graph` takes the same kinds, inputs, variables and parameters as the engine's graph. No step, no
loss and no batching here: reference/trainer.py has those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from reference import activations
from reference.elementwise import Step, run_program, run_program_backward
from reference.random import dropout_mask, normal_noise

Arrays = list[np.ndarray]


@dataclass(eq=False)
class Variable:
    """A matrix; equal only to itself, so that gradients can be kept by variable."""

    value: np.ndarray


@dataclass(frozen=True)
class Mode:
    """What a pass is: inference, or the training step `step` with dropout's `seed`."""

    training: bool = False
    seed: int = 0
    step: int = 0
    dtype: str = "float64"
    numbers: tuple[float, ...] = ()  # of the step, the learning rate first


@dataclass(frozen=True)
class Program:
    """What an expression computes: constants, and steps of (name, operands, alpha)."""

    constants: list[list[float]]
    steps: list[Step]


@dataclass
class Call:
    """One node in one pass: what its forward and backward functions see."""

    node: int
    params: dict[str, float]
    x: Arrays
    v: Arrays
    mode: Mode
    program: Program | None = None
    indices: list[int] = field(default_factory=list)
    y: np.ndarray = field(default_factory=lambda: np.empty(0))


def dense(c: Call) -> np.ndarray:
    kernel = c.v[0].T if c.params.get("transposed", 0) else c.v[0]
    return c.x[0] @ kernel.T + (c.v[1] if len(c.v) > 1 else 0)


def dense_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    of_variables = [grad.T @ c.x[0], grad.sum(axis=0, keepdims=True)][: len(c.v)]
    if c.params.get("transposed", 0):
        return [grad @ c.v[0].T], [of_variables[0].T, *of_variables[1:]]
    return [grad @ c.v[0]], of_variables


def places(c: Call) -> np.ndarray:
    """Where in the kernel each group's matrix is, by group, input and output."""
    inputs = np.arange(c.x[0].shape[1] // len(c.indices)) * int(c.params["input_step"])
    outputs = np.arange(int(c.params["outputs"])) * int(c.params["output_step"])
    return np.asarray(c.indices)[:, None, None] + inputs[:, None] + outputs


def grouped_dense(c: Call) -> np.ndarray:
    kernels = c.v[0].ravel()[places(c)]
    x = c.x[0].reshape(len(c.x[0]), len(c.indices), -1)
    y = np.einsum("bgi,gio->bgo", x, kernels)
    return (y + (c.v[1].reshape(-1, y.shape[2]) if len(c.v) > 1 else 0)).reshape(len(y), -1)


def grouped_dense_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    kernels = c.v[0].ravel()[places(c)]
    x = c.x[0].reshape(len(c.x[0]), len(c.indices), -1)
    grad = grad.reshape(len(x), len(c.indices), -1)
    of_kernel = np.zeros(c.v[0].size)
    np.add.at(of_kernel, places(c), np.einsum("bgi,bgo->gio", x, grad))
    of_variables = [of_kernel.reshape(c.v[0].shape)]
    if len(c.v) > 1:
        of_groups = grad.sum(axis=0)
        shared = c.v[1].size == of_groups.shape[1]
        of_bias = of_groups.sum(axis=0) if shared else of_groups
        of_variables.append(of_bias.reshape(c.v[1].shape))
    return [np.einsum("bgo,gio->bgi", grad, kernels).reshape(c.x[0].shape)], of_variables


def mask(c: Call) -> np.ndarray:
    if not c.mode.training:
        return np.ones_like(c.x[0])
    key = (c.mode.seed, c.mode.step, c.node)
    column = c.params.get("column", 0)
    rate = c.mode.numbers[column] if column else c.params.get("rate", 0.5)
    return dropout_mask(*c.x[0].shape, rate, key, c.mode.dtype)


def dropout(c: Call) -> np.ndarray:
    return c.x[0] * mask(c)


def dropout_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    return [grad * mask(c)], []


def noise(c: Call) -> np.ndarray:
    if not c.mode.training:
        return np.zeros_like(c.x[0])
    key = (c.mode.seed, c.mode.step, c.node)
    deviation = float(np.dtype(c.mode.dtype).type(c.params.get("stddev", 1.0)))
    return deviation * normal_noise(*c.x[0].shape, key)


def sum_over_rows(values: np.ndarray) -> np.ndarray:
    return np.broadcast_to(values.sum(axis=0, keepdims=True), values.shape)


def takes_batch_statistics(c: Call) -> bool:
    return c.mode.training and not c.params.get("frozen", 0)


def normalized(c: Call) -> tuple[np.ndarray, np.ndarray]:
    """(x - mean) / deviation, and 1 / deviation."""
    mean, variance = c.v[0], c.v[1]
    if takes_batch_statistics(c):
        mean, variance = c.x[0].mean(axis=0), c.x[0].var(axis=0)
    inverse = 1 / np.sqrt(variance + c.params.get("epsilon", 1e-3))
    return (c.x[0] - mean) * inverse, inverse


def gamma_and_beta(c: Call) -> tuple[np.ndarray | float, np.ndarray | float]:
    rest = c.v[2:]
    gamma = rest.pop(0) if c.params.get("scale", 1) else 1.0
    return gamma, rest.pop(0) if c.params.get("center", 1) else 0.0


def batch_normalization(c: Call) -> np.ndarray:
    gamma, beta = gamma_and_beta(c)
    return normalized(c)[0] * gamma + beta


def batch_normalization_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    u, inverse = normalized(c)
    gamma, _ = gamma_and_beta(c)
    grad_x = grad
    if takes_batch_statistics(c):
        grad_x = grad - grad.mean(axis=0) - u * (grad * u).mean(axis=0)
    grads = [np.zeros_like(c.v[0]), np.zeros_like(c.v[1])]
    if c.params.get("scale", 1):
        grads.append((grad * u).sum(axis=0, keepdims=True))
    if c.params.get("center", 1):
        grads.append(grad.sum(axis=0, keepdims=True))
    return [gamma * inverse * grad_x], grads


def moving_statistics(c: Call) -> tuple[np.ndarray, np.ndarray]:
    """The moving mean and variance after a training step."""
    m = c.params.get("momentum", 0.99)
    new = (c.x[0].mean(axis=0), c.x[0].var(axis=0))
    return c.v[0] * m + new[0] * (1 - m), c.v[1] * m + new[1] * (1 - m)


def concatenate_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    ends = np.cumsum([x.shape[1] for x in c.x])[:-1]
    return np.split(grad, ends, axis=1), []


def multiply_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    others = [c.x[:i] + c.x[i + 1 :] for i in range(len(c.x))]
    return [grad * reduce(np.multiply, rest) for rest in others], []


def first_that_is_chosen(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    """The gradient of maximum and minimum: all of it to the first input with the value."""
    where = np.argmax([x == c.y for x in c.x], axis=0)
    return [grad * (where == i) for i in range(len(c.x))], []


def expression_values(c: Call) -> list[np.ndarray]:
    return run_program(c.x, c.program.constants, c.program.steps)


def expression_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    return run_program_backward(expression_values(c), len(c.x), c.program.steps, grad), []


def select_features_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    out = np.zeros_like(c.x[0])
    np.add.at(out, (slice(None), c.indices), grad)
    return [out], []


def take(c: Call) -> np.ndarray:
    return c.v[0].T[c.x[0].astype(int)].reshape(len(c.x[0]), -1)


def take_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    out = np.zeros_like(c.v[0].T)
    np.add.at(out, c.x[0].astype(int), grad.reshape(*c.x[0].shape, -1))
    return [np.zeros_like(c.x[0])], [out.T]


def variable(c: Call) -> np.ndarray:
    return c.v[0]  # one row; what reads it broadcasts


def axes(c: Call) -> tuple[int, int, int, int]:
    """Batch, outer, length and inner size of a reduction."""
    length, inner = int(c.params["length"]), int(c.params.get("inner", 1))
    n_rows, features = c.x[0].shape
    return n_rows, features // (length * inner), length, inner


def reduce_with(function: Callable[..., np.ndarray]) -> Forward:
    def forward(c: Call) -> np.ndarray:
        return function(c.x[0].reshape(axes(c)), axis=2).reshape(len(c.x[0]), -1)

    return forward


def broadcast(c: Call, grad: np.ndarray) -> np.ndarray:
    n_rows, outer, length, inner = axes(c)
    whole = grad.reshape(n_rows, outer, 1, inner)
    return np.broadcast_to(whole, (n_rows, outer, length, inner)).reshape(n_rows, -1)


def extreme_backward(c: Call, grad: np.ndarray) -> tuple[Arrays, Arrays]:
    hits = (c.x[0] == broadcast(c, c.y)).astype(float)
    counts = hits.reshape(axes(c)).sum(axis=2).reshape(len(hits), -1)
    return [hits * broadcast(c, grad) / broadcast(c, counts)], []


Forward = Callable[[Call], np.ndarray]
Backward = Callable[[Call, np.ndarray], tuple[Arrays, Arrays]]  # of the inputs, of the variables

OPS: dict[str, tuple[Forward, Backward]] = {
    "dense": (dense, dense_backward),
    "grouped_dense": (grouped_dense, grouped_dense_backward),
    "dropout": (dropout, dropout_backward),
    "gaussian_noise": (lambda c: c.x[0] + noise(c), lambda c, grad: ([grad], [])),
    "gaussian_dropout": (
        lambda c: c.x[0] * (1 + noise(c)),
        lambda c, grad: ([grad * (1 + noise(c))], []),
    ),
    "batch_sum": (
        lambda c: sum_over_rows(c.x[0]),
        lambda c, grad: ([sum_over_rows(grad)], []),
    ),
    "batch_normalization": (batch_normalization, batch_normalization_backward),
    "softmax": (
        lambda c: activations.softmax(c.x[0]),
        lambda c, grad: ([activations.softmax_gradient(c.x[0], grad)], []),
    ),
    "log_softmax": (
        lambda c: activations.log_softmax(c.x[0]),
        lambda c, grad: ([activations.log_softmax_gradient(c.x[0], grad)], []),
    ),
    "expression": (lambda c: expression_values(c)[-1], expression_backward),
    "select_features": (lambda c: c.x[0][:, c.indices], select_features_backward),
    "take": (take, take_backward),
    "variable": (variable, lambda c, grad: ([], [grad.sum(axis=0, keepdims=True)])),
    "reduce_sum": (reduce_with(np.sum), lambda c, grad: ([broadcast(c, grad)], [])),
    "reduce_mean": (
        reduce_with(np.mean),
        lambda c, grad: ([broadcast(c, grad) / c.params["length"]], []),
    ),
    "reduce_argmax": (reduce_with(np.argmax), lambda c, grad: ([np.zeros_like(c.x[0])], [])),
    "reduce_max": (reduce_with(np.max), extreme_backward),
    "reduce_min": (reduce_with(np.min), extreme_backward),
    "concatenate": (lambda c: np.concatenate(c.x, axis=1), concatenate_backward),
    "add": (lambda c: sum(c.x), lambda c, grad: ([grad] * len(c.x), [])),
    "subtract": (lambda c: c.x[0] - c.x[1], lambda c, grad: ([grad, -grad], [])),
    "multiply": (lambda c: reduce(np.multiply, c.x), multiply_backward),
    "average": (
        lambda c: sum(c.x) / len(c.x),
        lambda c, grad: ([grad / len(c.x)] * len(c.x), []),
    ),
    "maximum": (lambda c: reduce(np.maximum, c.x), first_that_is_chosen),
    "minimum": (lambda c: reduce(np.minimum, c.x), first_that_is_chosen),
}


def activation_ops(name: str) -> tuple[Forward, Backward]:
    value, slope = activations.ACTIVATIONS[name]

    def alpha(c: Call) -> float:
        return c.params["alpha"]

    return (
        lambda c: value(c.x[0], alpha(c)),
        lambda c, grad: ([grad * slope(c.x[0], alpha(c))], []),
    )


OPS |= {name: activation_ops(name) for name in activations.ACTIVATIONS}


@dataclass
class Node:
    kind: str
    inputs: list[int]
    variables: list[Variable]
    params: dict[str, float]
    program: Program | None = None
    indices: list[int] = field(default_factory=list)


class Graph:
    """Nodes in topological order."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(
        self,
        kind: str,
        inputs: list[int],
        variables: list[Variable],
        params: dict[str, float],
        program: Program | None = None,
        indices: list[int] | None = None,
    ) -> int:
        self.nodes.append(
            Node(kind, list(inputs), list(variables), dict(params), program, indices or [])
        )
        return len(self.nodes) - 1

    def forward(self, x: dict[int, np.ndarray], mode: Mode) -> list[Call]:
        """Run every node; `x` holds the values of the input nodes."""
        calls: list[Call] = []
        for number, node in enumerate(self.nodes):
            values = [v.value for v in node.variables]
            c = Call(number, node.params, [], values, mode, node.program, node.indices)
            if node.kind == "input":
                c.y = x[number]
            else:
                c.x = [calls[i].y for i in node.inputs]
                c.y = OPS[node.kind][0](c)
                if len(c.y) == 1:  # a variable, which all rows share
                    c.y = np.repeat(c.y, len(next(iter(x.values()))), axis=0)
            calls.append(c)
        return calls

    def backward(
        self, calls: list[Call], grads: dict[int, np.ndarray]
    ) -> dict[Variable, np.ndarray]:
        """Gradients of the variables, from those of some nodes' outputs."""
        of_node = [np.zeros_like(c.y) for c in calls]
        of_variable = {v: np.zeros_like(v.value) for node in self.nodes for v in node.variables}
        for number, grad in grads.items():
            of_node[number] = of_node[number] + grad
        for number in reversed(range(len(calls))):
            node = self.nodes[number]
            if node.kind == "input":
                continue
            of_inputs, of_variables = OPS[node.kind][1](calls[number], of_node[number])
            for i, grad in zip(node.inputs, of_inputs, strict=True):
                of_node[i] = of_node[i] + grad
            for v, grad in zip(node.variables, of_variables, strict=True):
                of_variable[v] = of_variable[v] + grad
        return of_variable
