"""The engine's graph while it is filled, and the programs of expressions in it.

Rules append by means of this; what an op comes to is theirs to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _core
from pynn.graph._features import is_in_order
from pynn.graph._lowering._analysis import LoweringAnalysis
from pynn.ops import Node, Tensor, Weight

# Powers that are cheaper, and exact, by other means.
_EASY_POWERS = (1.0, 2.0, 3.0, 0.5, -1.0)


class Builder:
    """A graph of the engine while it is filled.

    Parameters
    ----------
    dtype : str
    analysis : LoweringAnalysis
        What is known of the nodes to come.
    schedules : sequence of callable
        What gives nodes a number for each step.
    graph : _core.Graph, default=None
        Where nodes are appended; None makes one.

    Attributes
    ----------
    graph : _core.Graph
    ids : dict
        The engine's node of each tensor, by the tensor's ``id``.
    """

    def __init__(
        self,
        dtype: str,
        analysis: LoweringAnalysis,
        schedules: Sequence[Any],
        graph: _core.Graph | None = None,
    ) -> None:
        self.schedules = schedules
        self.graph = _core.Graph(dtype) if graph is None else graph
        self.dtype = dtype
        self.analysis = analysis
        self.ids: dict[int, int] = {}
        self._count: int | None = None
        self._variables: dict[int, int] = {}
        self._selections: dict[tuple[int, bytes], int] = {}

    def add(
        self, kind: str, inputs: Sequence[Any], weights: Sequence[Weight] = (), **params: float
    ) -> int:
        """Append a node of the engine on tensors or node numbers."""
        ids = [self.node(x) if isinstance(x, (Tensor, Weight)) else x for x in inputs]
        variables = [weight._variable for weight in weights]
        return self.graph.add(kind, ids, variables, params)

    def node(self, value: Tensor | Weight) -> int:
        """Return the engine's node of a tensor, or one that gives every row a weight's values."""
        if isinstance(value, Tensor):
            return self.ids[id(value)]
        if id(value) not in self._variables:
            self._variables[id(value)] = self.graph.add("variable", [], [value._variable], {})
        return self._variables[id(value)]

    def column_of(self, schedule: Any) -> int:
        """Return the column of a step's numbers that a schedule fills."""
        rate_and_decay = 2
        return rate_and_decay + next(i for i, s in enumerate(self.schedules) if s is schedule)

    def variable(self, value: Weight | np.ndarray, in_out: bool = False) -> _core.Variable:
        """Return the variable of a weight, or a new one that holds an array's numbers."""
        if isinstance(value, Weight):
            return value._variable
        is_matrix = value.ndim == 2
        rows, cols = value.shape[::-1] if is_matrix else (1, value.size)
        variable = _core.Variable(rows, cols, self.dtype, in_out and is_matrix)
        variable.view[...] = value.T if is_matrix else value.ravel()
        return variable

    def select(self, node: int, features: np.ndarray) -> int:
        """Return a node of the given features of another."""
        if is_in_order(features, self.graph.width(node)):
            return node
        key = (node, features.tobytes())
        if key not in self._selections:
            self._selections[key] = self.graph.add(
                "select_features", [node], indices=features.tolist()
            )
        return self._selections[key]

    def express(self, name: str, *operands: Any) -> int:
        """Return a node of an instruction, of node numbers, constants and further instructions.

        The latter are tuples of a name and operands; constants are arrays and floats.
        """
        program = ExpressionBuilder()

        def operand(given: Any) -> tuple[str, int]:
            if isinstance(given, tuple):
                return program.add(given[0], *map(operand, given[1:]))
            return program.input(given) if isinstance(given, int) else program.constant(given)

        return program.append_to(self.graph, operand((name, *operands)))

    def filled(self, node: int, fill: float) -> int:
        """Return a node that is `fill` for every entry of another."""
        return self.express("where", node, float(fill), float(fill))

    def filled_rows(self, width: int, fill: float) -> int:
        """Return a node of so many features that are all `fill`, for each row of the batch."""
        first = next(iter(self.ids.values()))  # an input
        return self.filled(self.select(first, np.zeros(width, np.int64)), fill)

    def count_rows(self, node: int) -> int:
        """Return the number of the batch's rows, as a node of one feature."""
        if self._count is None:
            ones = self.filled(self.select(node, np.zeros(1, np.int64)), 1.0)
            self._count = self.add("batch_sum", [ones])
        return self._count


class ExpressionBuilder:
    """An expression while it is put together: a few instructions that run for each number.

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
