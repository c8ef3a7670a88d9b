"""Nodes computed one after the other in NumPy, forward and backward.

For models with an op, a loss or a penalty of which the engine knows nothing. Batches and steps are
in `_interpreting_trainer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from pynn._sparse import is_sparse, to_dense
from pynn._tensor import Mode, value_of
from pynn.graph._rows import to_numeric
from pynn.ops import Node, Tensor, Weight

Values = dict[int, Any]  # by the id of the tensor, or of a weight that has changed since
Update = tuple[Weight, Tensor]  # a weight, and what each pass gives it


def gather(source: Any, rows: Any, shape: tuple[int | None, ...], dtype: str) -> np.ndarray:
    """Return some rows of a data source in the shape of an input and as floats.

    Parameters
    ----------
    source : ndarray or sparse matrix
    rows : slice or array of int
    shape : tuple
        Of the input, the batch included.
    dtype : str
    """
    dense = np.asarray(to_dense(source[rows]))
    return np.ascontiguousarray(dense, dtype).reshape(len(dense), *[n or 1 for n in shape[1:]])


class Pass(NamedTuple):
    """What one pass through a network computed, and what its backward pass needs."""

    nodes: Sequence[Node]
    outputs: Sequence[Tensor]
    losses: Sequence[Tensor]
    values: Values
    updates: Sequence[Update] = ()

    def update_weights(self) -> None:
        """Assign what the pass computed for weights; what it read must not be needed any more."""
        found = [np.array(self.values[id(tensor)]) for _, tensor in self.updates]
        for (weight, _), value in zip(self.updates, found, strict=True):
            weight.view[...] = value


class Computation(Protocol):
    """A network that NumPy computes, batch by batch."""

    inputs: list[Tensor]
    outputs: list[Tensor]
    dtype: str

    def run(self, x: Sequence[np.ndarray], mode: Mode, all_nodes: bool = True) -> Pass:
        """Compute all nodes for a batch, or those that the outputs need."""


def predict_in_batches(network: Computation, x: Sequence[Any], batch_size: int) -> list[np.ndarray]:
    """Return what ``network.run`` makes of all rows, batch by batch, further axes flattened."""
    sources = [value if is_sparse(value) else to_numeric(value) for value in x]
    n_rows = sources[0].shape[0]
    mode = Mode(training=False, seed=None)
    parts: list[list[np.ndarray]] = [[] for _ in network.outputs]
    for start in range(0, max(n_rows, 1), batch_size):
        rows = slice(start, start + batch_size)
        batch = [
            gather(source, rows, tensor.shape, network.dtype)
            for source, tensor in zip(sources, network.inputs, strict=True)
        ]
        if mode.seed is not None:
            mode.seed += 1
        found = network.run(batch, mode, all_nodes=False)
        for part, tensor in zip(parts, found.outputs, strict=True):
            value = np.asarray(found.values[id(tensor)], network.dtype)
            part.append(value.reshape(len(batch[0]), -1))
        found.update_weights()
    return [np.concatenate(part) for part in parts]


def run_forward(nodes: Iterable[Node], values: Values, mode: Mode) -> None:
    """Compute the nodes, and put their outputs into `values`."""
    for position, node in enumerate(nodes):
        arguments = _values_of(node.inputs, values)
        if node.op.modal:
            mode.position = position
            out = node.op.forward(*arguments, mode=mode, **node.params)
        else:
            out = node.op.forward(*arguments, **node.params)
        values[id(node.output)] = out


def run_backward(
    nodes: Sequence[Node],
    values: Values,
    grads: Values,
    mode: Mode,
    wanted: set[int],
    first: int = 0,
) -> None:
    """Walk the nodes backwards.

    Parameters
    ----------
    nodes : sequence of Node
        As given to `run_forward`, with the `values` that it computed and the same `mode`.
    grads : dict
        Gradients of tensors, by their ids; those of weights and inputs are added.
    wanted : set of int
        Ids of the weights and tensors whose gradients are asked for.
    first : int, default=0
        Position of the first node.
    """
    reached = reached_from(wanted, nodes)
    for position in range(len(nodes) - 1, -1, -1):
        node = nodes[position]
        key = id(node.output)
        grad = grads.get(key)
        if grad is None or key not in reached or node.op.backward is None:
            continue
        arguments = _values_of(node.inputs, values)
        params = node.params
        if node.op.modal:
            mode.position = first + position
            params = {**params, "mode": mode}
        out = values[key] if key in values else value_of(node.output)
        grad = np.asarray(grad)
        for x, part in zip(node.inputs, node.op.backward(grad, out, *arguments, **params)):  # noqa: B905, constants at the end may have no gradient
            key = id(x)
            if part is not None and key in reached:
                grads[key] = grads[key] + part if key in grads else part


def reached_from(wanted: set[int], nodes: Iterable[Node]) -> set[int]:
    """Return the ids of `wanted` and of what depends on something that is wanted."""
    reached = set(wanted)
    for node in nodes:
        if not reached.isdisjoint(map(id, node.inputs)):
            reached.add(id(node.output))
    return reached


def _values_of(inputs: Iterable[Any], values: Values) -> list[Any]:
    return [values[id(x)] if id(x) in values else value_of(x) for x in inputs]
