"""Which elementwise nodes become one expression of the engine, and the rule that appends it.

A node joins the expression of its reader if nobody else reads it; its value then never leaves the
first-level cache. What several expressions read is computed once, by an expression of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from pynn import _core
from pynn.graph._features import broadcast_features, is_in_order, row_shape
from pynn.graph._lowering._analysis import LoweringAnalysis, activation_names
from pynn.graph._lowering._builder import Builder, Program
from pynn.ops import Node, Tensor, Weight

# Nodes of one expression. Far below what the engine takes, and more than fit its cache.
_MOST_NODES = 64


@cache
def _instructions() -> frozenset[str]:
    return frozenset(_core.elementwise_names()) | activation_names()


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
    analysis: LoweringAnalysis,
) -> dict[int, Node]:
    """Return the last node of the expression that each elementwise node belongs to, by ``id``.

    Parameters
    ----------
    nodes : sequence of Node
        In topological order.
    outputs : iterable of Tensor
        What is read from outside.
    analysis : LoweringAnalysis
        Which nodes rename their input, and which are computed by an op of their own.
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
        if id(node) in analysis.renames:
            for reader in mine:
                read(node.inputs[0], reader)
        elif id(node) not in analysis.alone and is_elementwise(node):
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


def append_expression(builder: Builder, members: Sequence[Node]) -> int:
    """Append the expression that ends with the last of some elementwise nodes."""
    if len(members) == 1 and members[0].op.name in activation_names():
        return append_activation(builder, members[0])
    renames = builder.analysis.renames
    program = Program()
    values: dict[int, tuple[str, int]] = {}

    def operand(value: Any, output: Tensor) -> tuple[str, int]:
        features = broadcast_features(value, output)
        assert features is not None
        if not isinstance(value, (Tensor, Weight)):
            return program.constant(np.asarray(value).ravel()[features])
        source = value
        while isinstance(source, Tensor) and source.node and id(source.node) in renames:
            source = source.node.inputs[0]
        if id(source) in values:
            return values[id(source)]
        node = builder.node(source)
        return program.input(node if features.max() == 0 else builder.select(node, features))

    for member in members:
        operands = [operand(value, member.output) for value in _operands(member)]
        result = program.append_node(member, operands)
        values[id(member.output)] = result
    return program.append_to(builder.graph, result)


def _operands(node: Node) -> Sequence[Any]:
    return node.inputs[:1] if node.op.name == "cast" else node.inputs


def append_activation(builder: Builder, node: Node) -> int:
    """Append an activation as a node of its own, which the engine may fuse with a product."""
    return builder.add(node.op.name, node.inputs, alpha=node.params["alpha"])
