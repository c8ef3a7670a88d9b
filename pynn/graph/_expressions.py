"""Which elementwise nodes become one expression of the engine, and the expression's program.

A node joins the expression of its reader if nobody else reads it; its value then never leaves the
first-level cache. What several expressions read is computed once, by an expression of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from pynn import _core
from pynn.graph._features import broadcast_features, is_in_order, row_shape
from pynn.ops import Node, Tensor, Weight

# Nodes of one expression. Far below what the engine takes, and more than fit its cache.
_MOST_NODES = 64
# Powers that are cheaper, and exact, by other means.
_EASY_POWERS = (1.0, 2.0, 3.0, 0.5, -1.0)


@cache
def _instructions() -> frozenset[str]:
    return frozenset(_core.elementwise_names()) | frozenset(_core.activation_names())


def is_elementwise(node: Node) -> bool:
    """Whether a node can be an instruction of an expression."""
    name = node.op.name
    if name == "cast":
        kind = np.dtype(node.params["dtype"]).kind
        return kind in "iub" and broadcast_features(node.inputs[0], node.output) is not None
    if name not in _instructions() or row_shape(node.output) is None:
        return False
    # NumPy's arithmetic of booleans is logic.
    if node.output.dtype == "bool" and node.op.dtype != "bool":
        return False
    return all(_fits(value, node.output) for value in node.inputs)


def _fits(value: Any, output: Tensor) -> bool:
    if isinstance(value, Weight) and value.ndim == 2:
        return False
    if not isinstance(value, (Tensor, Weight)):
        if value is None or np.asarray(value).dtype.kind not in "fiub":
            return False
    return broadcast_features(value, output) is not None


def group(
    nodes: Sequence[Node],
    outputs: Iterable[Tensor],
    renames: Container[int],
    alone: Callable[[Node], bool],
) -> dict[int, Node]:
    """Return the last node of the expression that each elementwise node belongs to, by ``id``.

    Parameters
    ----------
    nodes : sequence of Node
        In topological order.
    outputs : iterable of Tensor
        What is read from outside.
    renames : container of int
        The ``id`` of nodes whose output is their input under another name.
    alone : callable
        Whether a node is to be computed by an op of its own.
    """
    readers: dict[int, list[Node | None]] = {}  # None: somebody who needs the value in memory
    last: dict[int, Node] = {}
    sizes: dict[int, int] = {}

    def read(value: Any, reader: Node | None) -> None:
        if isinstance(value, Tensor):
            readers.setdefault(id(value), []).append(reader)

    for tensor in outputs:
        read(tensor, None)
    for node in reversed(nodes):
        mine = readers.get(id(node.output), [])
        if id(node) in renames:
            for reader in mine:
                read(node.inputs[0], reader)
        elif not alone(node) and is_elementwise(node):
            first = mine[0] if mine else None
            joins = first is not None and all(reader is first for reader in mine)
            root = first if joins and first is not None and sizes[id(first)] < _MOST_NODES else node
            sizes[id(root)] = sizes.get(id(root), 0) + 1
            last[id(node)] = root
            width = math.prod(row_shape(node.output) or ())
            for value in node.inputs:
                features = broadcast_features(value, node.output)
                same = features is not None and is_in_order(features, width)
                read(value, root if same else None)
        else:
            for value in node.inputs:
                read(value, None)
    return last


class Program:
    """An expression while it is put together.

    Attributes
    ----------
    inputs : list of int
        Nodes of the engine.
    constants : list of list of float
    """

    def __init__(self) -> None:
        self.inputs: list[int] = []
        self.constants: list[list[float]] = []
        self._steps: list[tuple[str, list[Any], float]] = []

    def input(self, node: int) -> tuple[str, int]:
        """Return the operand that an engine's node is."""
        if node not in self.inputs:
            self.inputs.append(node)
        return "input", self.inputs.index(node)

    def constant(self, values: Any) -> tuple[str, int]:
        """Return the operand that numbers are: one, or one for each feature."""
        listed = [float(v) for v in np.asarray(values, np.float64).ravel()]
        if all(v == listed[0] for v in listed):
            listed = listed[:1]
        if listed not in self.constants:
            self.constants.append(listed)
        return "constant", self.constants.index(listed)

    def add(self, name: str, *operands: tuple[str, int], alpha: float = 0.0) -> tuple[str, int]:
        """Append an instruction, and return the operand that its result is."""
        self._steps.append((name, list(operands), alpha))
        return "value", len(self._steps) - 1

    def power(self, base: tuple[str, int], exponent: float) -> tuple[str, int]:
        """Append what raises to one of a few exponents that need no logarithm."""
        if exponent == 1.0:
            return base
        if exponent == 0.5:
            return self.add("sqrt", base)
        if exponent == -1.0:
            return self.add("divide", self.constant(1.0), base)
        square = self.add("square", base)
        return square if exponent == 2.0 else self.add("multiply", square, base)

    def append_node(self, node: Node, operands: list[tuple[str, int]]) -> tuple[str, int]:
        """Append the instruction, or the few, that a node comes to."""
        name = node.op.name
        if name == "cast":
            if np.dtype(node.params["dtype"]).kind == "b":
                return self.add("not_equal", operands[0], self.constant(0.0))
            return self.add("truncate", operands[0])
        if name == "power" and operands[1][0] == "constant":
            exponent = self.constants[operands[1][1]]
            if len(exponent) == 1 and exponent[0] in _EASY_POWERS:
                return self.power(operands[0], exponent[0])
        return self.add(name, *operands, alpha=float(node.params.get("alpha", 0.0)))

    def append_to(self, graph: _core.Graph, result: tuple[str, int]) -> int:
        """Append the expression to a graph, and return its node.

        `result` is the last operand that was made, whatever it is.
        """
        if result != ("value", len(self._steps) - 1):
            self.add("stop_gradient" if result[0] == "constant" else "linear", result)
        start = {
            "input": 0,
            "constant": len(self.inputs),
            "value": len(self.inputs) + len(self.constants),
        }
        steps = [
            (name, [start[kind] + number for kind, number in operands], alpha)
            for name, operands, alpha in self._steps
        ]
        return graph.add_expression(self.inputs, self.constants, steps)
