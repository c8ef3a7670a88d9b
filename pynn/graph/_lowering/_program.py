"""The program of an expression: the few instructions that the engine runs for each number."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _core
from pynn.ops import Node

# Powers that are cheaper, and exact, by other means.
_EASY_POWERS = (1.0, 2.0, 3.0, 0.5, -1.0)


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
