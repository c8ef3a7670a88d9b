"""The walk over the nodes, which appends each to the engine's graph by the rule of its op.

The first op that has no rule, or whose rule does not cover this use of it, is named instead: the
plan then interprets the nodes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from pynn import _core
from pynn.graph._features import has_rows
from pynn.graph._lowering._analysis import analyze
from pynn.graph._lowering._builder import Builder
from pynn.graph._lowering._expressions import append_expression, group
from pynn.graph._lowering._rules import rule_of
from pynn.ops import Node, Tensor


class NativeGraph(NamedTuple):
    """A graph of the engine and the numbers of its inputs, outputs and losses."""

    graph: _core.Graph
    inputs: list[int]
    outputs: list[int]
    losses: list[int]


def lower_to_engine(
    nodes: Sequence[Node],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    dtype: str,
    losses: Sequence[Tensor] = (),
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
    """
    wanted = [*outputs, *losses]
    analysis = analyze(nodes, wanted, dtype)
    builder = Builder(dtype, analysis)
    for tensor in inputs:
        features = math.prod(n or 1 for n in tensor.shape[1:])
        builder.ids[id(tensor)] = builder.graph.add("input", [], [], {"features": features})
    last = group(nodes, wanted, analysis)
    members: dict[int, list[Node]] = {}
    for node in nodes:
        if id(node) in analysis.absorbed or id(node.output) in analysis.transposed:
            continue
        if id(node) in last:
            root = last[id(node)]
            members.setdefault(id(root), []).append(node)
            if node is root:
                builder.ids[id(node.output)] = append_expression(builder, members[id(root)])
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
    count = len(outputs)
    return NativeGraph(builder.graph, input_ids, wanted_ids[:count], wanted_ids[count:])
