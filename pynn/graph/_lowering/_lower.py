"""The walk over the nodes, which appends each to the engine's graph by a rule or in an expression.

The first op that has no rule, or whose rule does not cover this use of it, is named instead: the
plan then interprets the nodes. An elementwise node joins the expression of its reader if nobody
else reads it; its value then never leaves the first-level cache. What several expressions read is
computed once, by an expression of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from pynn import _core
from pynn.graph._features import (
    broadcast_features,
    has_rows,
    is_in_order,
    is_large_matrix,
    row_shape,
)
from pynn.graph._lowering._analysis import LoweringAnalysis, activation_names, analyze
from pynn.graph._lowering._builder import Builder, ExpressionBuilder
from pynn.graph._lowering._rules import append_activation, rule_of
from pynn.ops import Node, Tensor, Weight

# Nodes of one expression. Far below what the engine takes, and more than fit its cache.
_MOST_NODES = 64


class NativeGraph(NamedTuple):
    """A graph of the engine, and which of its nodes are inputs, outputs, losses and assignments.

    `ids` are the nodes of tensors, by the tensors' ``id``.
    """

    graph: _core.Graph
    inputs: list[int]
    outputs: list[int]
    losses: list[int]
    assignments: list[int]
    ids: dict[int, int]


def lower_to_engine(
    nodes: Sequence[Node],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    dtype: str,
    losses: Sequence[Tensor] = (),
    updates: Sequence[tuple[Weight, Tensor]] = (),
    schedules: Sequence[Any] | None = None,
    predicting: _core.Graph | None = None,
) -> NativeGraph | str:
    """Return the nodes as a graph of the engine, or the name of the first op that does not fit.

    Parameters
    ----------
    nodes : sequence of Node
        In topological order.
    inputs, outputs : sequence of Tensor
    dtype : str
    losses : sequence of Tensor, default=()
        Of one number each, for every row or for all.
    updates : sequence of (Weight, Tensor), default=()
        What weights become with each batch.
    schedules : sequence of callable, default=None
        Which follow learning rate and weight decay among the numbers of a step, in this order; None
        stands for `schedules_of` the nodes.
    predicting : _core.Graph, default=None
        An empty graph to be filled with what predicts, without noise and dropout. None makes one
        that trains too.
    """
    for node in nodes:
        for value in node.inputs:
            if isinstance(value, Weight) and value.dtype != dtype:
                return "a variable of whole numbers"
    wanted = [*outputs, *losses, *(tensor for _, tensor in updates)]
    analysis = analyze(nodes, wanted, dtype)
    if predicting is not None:
        analysis.renames.update(id(node) for node in nodes if node.params.get("always") is False)
    schedules = schedules_of(nodes) if schedules is None else schedules
    builder = Builder(dtype, analysis, schedules, predicting)
    for tensor in inputs:
        features = math.prod(n or 1 for n in tensor.shape[1:])
        builder.ids[id(tensor)] = builder.graph.add("input", [], [], {"features": features})
    last = _group(nodes, wanted, analysis)
    if updates:
        read = {id(value) for node in nodes if id(node) not in last for value in node.inputs}
        if reason := _obstacle([weight for weight, _ in updates], dtype, read):
            return reason
    members: dict[int, list[Node]] = {}
    for node in nodes:
        if id(node) in analysis.absorbed or id(node.output) in analysis.transposed:
            continue
        if id(node) in last:
            root = last[id(node)]
            members.setdefault(id(root), []).append(node)
            if node is root:
                builder.ids[id(node.output)] = _append_expression(builder, members[id(root)])
            continue
        if id(node) in analysis.renames:
            source = builder.ids.get(id(node.inputs[0]))
            if source is not None:  # else it is inside of an expression, and so is its reader
                builder.ids[id(node.output)] = source
            continue
        rule = rule_of(node, analysis)
        made = None if rule is None else rule(builder, node)
        if made is None:
            return node.op.name
        builder.ids[id(node.output)] = made
    for tensor in outputs:
        if not has_rows(tensor):
            return tensor.node.op.name if tensor.node else "input"
    input_ids = [builder.ids[id(tensor)] for tensor in inputs]
    wanted_ids: list[int] = []
    for tensor in wanted:
        made = builder.ids[id(tensor)]
        # What is read from outside is a node of its own.
        if made in input_ids or made in wanted_ids:
            made = builder.graph.add("linear", [made])
        wanted_ids.append(made)
    first, end = len(outputs), len(outputs) + len(losses)
    assignments = [
        builder.add("assign", [made], [weight])
        for (weight, _), made in zip(updates, wanted_ids[end:], strict=True)
    ]
    return NativeGraph(
        builder.graph,
        input_ids,
        wanted_ids[:first],
        wanted_ids[first:end],
        assignments,
        builder.ids,
    )


def _obstacle(assigned: Sequence[Weight], dtype: str, read: set[int]) -> str | None:
    """Return why the engine cannot assign to weights, of which ops read some themselves."""
    if any(weight.dtype != dtype for weight in assigned):
        return "a variable of whole numbers"
    # It assigns to vectors, of which nodes have copies.
    if any(weight.ndim == 2 or id(weight) in read for weight in assigned):
        return "assign"
    return None


def schedules_of(nodes: Iterable[Node]) -> list[Any]:
    """Return what gives nodes a number for each step, each once."""
    found = {
        id(value): value
        for node in nodes
        if node.op.name == "dropout"
        for value in node.params.values()
        if callable(value)
    }
    return list(found.values())


# ---- elementwise nodes


@cache
def _instructions() -> frozenset[str]:
    return frozenset(_core.elementwise_names()) | activation_names() | {"cast"}


def _is_elementwise(node: Node) -> bool:
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
    if is_large_matrix(value):
        return False
    if not isinstance(value, (Tensor, Weight)):
        if np.asarray(value).dtype.kind not in "fiub":
            return False
    return broadcast_features(value, output) is not None


def _group(
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
    known = _instructions()
    if all(node.op.name not in known or id(node) in analysis.alone for node in nodes):
        return {}
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
        elif id(node) not in analysis.alone and _is_elementwise(node):
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


def _append_expression(builder: Builder, members: Sequence[Node]) -> int:
    """Append the expression that ends with the last of some elementwise nodes."""
    if len(members) == 1 and members[0].op.name in activation_names():
        return append_activation(builder, members[0])
    renames = builder.analysis.renames
    program = ExpressionBuilder()
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
        inputs = member.inputs[:1] if member.op.name == "cast" else member.inputs
        operands = [operand(value, member.output) for value in inputs]
        result = program.append_node(member, operands)
        values[id(member.output)] = result
    return program.append_to(builder.graph, result)
