"""The engine's graph while it is filled, and which of its nodes each tensor is.

Rules append by means of this; what an op comes to is theirs to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _core
from pynn.graph._features import is_in_order
from pynn.graph._lowering._analysis import LoweringAnalysis
from pynn.graph._lowering._program import Program
from pynn.ops import Tensor, Weight


class Builder:
    """A graph of the engine while it is filled.

    Parameters
    ----------
    dtype : str
    analysis : LoweringAnalysis
        What is known of the nodes to come.

    Attributes
    ----------
    graph : _core.Graph
    ids : dict
        The engine's node of each tensor, by the tensor's ``id``.
    """

    def __init__(self, dtype: str, analysis: LoweringAnalysis) -> None:
        self.graph = _core.Graph(dtype)
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

    def select(self, node: int, features: np.ndarray) -> int:
        """Return a node of the given features of another."""
        if is_in_order(features, self.graph.width(node)):
            return node
        key = (node, features.tobytes())
        if key not in self._selections:
            self._selections[key] = self.graph.add_selection(node, features.tolist())
        return self._selections[key]

    def filled(self, node: int, fill: float) -> int:
        """Return a node that is `fill` for every entry of another."""
        program = Program()
        constant = program.constant(fill)
        same = program.add("where", program.input(node), constant, constant)
        return program.append_to(self.graph, same)

    def sum_over_batch(self, node: int) -> int:
        """Return a node of the sums over the batch's rows, which it gives to every row."""
        return self.graph.add("batch_sum", [node])

    def count_rows(self, node: int) -> int:
        """Return the number of the batch's rows, as a node of one feature."""
        if self._count is None:
            ones = self.filled(self.select(node, np.zeros(1, np.int64)), 1.0)
            self._count = self.sum_over_batch(ones)
        return self._count
