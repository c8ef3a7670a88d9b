"""Gradients as nodes: backward rules whose steps are recorded, so that they have gradients too.

The interpreter's own backward pass, on arrays, is in `_interpreter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn._rule_operand import NotRecordable, RuleOperand
from pynn._tensor import Mode, Op, apply, value_of
from pynn._tracing import SymbolicValueError, current, here
from pynn.graph._interpreter import reached_from
from pynn.ops import Node, Tensor, Weight, add


def record_backward(
    nodes: Sequence[tuple[int, Node]],
    grads: dict[int, Tensor],
    mode: Mode | None,
    wanted: set[int],
    before: dict[int, Any],
) -> None:
    """Walk nodes backwards, and record what gradients are computed by.

    Parameters
    ----------
    nodes : sequence of (int, Node)
        Each after those that it depends on, with its `Mode.position`.
    grads : dict
        Gradients of tensors, by their ids; those of weights and inputs are added.
    mode : Mode or None
        None where the nodes have no values; then none of them may be random.
    wanted : set of int
        Ids of the weights and tensors whose gradients are asked for.
    before : dict
        What weights held that were assigned to since, by their ids.
    """
    reached = reached_from(wanted, [node for _, node in nodes])
    for position, node in reversed(nodes):
        grad = grads.get(id(node.output))
        if grad is None or node.op.backward is None or id(node.output) not in reached:
            continue
        params = node.params
        if node.op.modal:
            if mode is None:
                raise SymbolicValueError(
                    f"a Tape differentiates {node.op.name!r} in a pass that has values"
                )
            mode.position = position
            params = {**params, "mode": mode}
        if mode is None and any(id(x) in current().updates for x in node.inputs):
            raise SymbolicValueError(
                "a Tape differentiates by what weights held before an assignment in a pass that "
                "has values"
            )
        given = [before.get(id(x), x) for x in node.inputs]
        if node.op.expand is not None and here.recorder is not None:
            first = len(here.recorder.nodes)
            grads[id(node.op.expand(*given, **params))] = grad
            expanded = list(enumerate(here.recorder.nodes[first:], first))
            record_backward(expanded, grads, mode, reached, before)
            continue
        operands = [
            RuleOperand(x, grad.dtype) if isinstance(x, (Tensor, Weight)) else value_of(x)
            for x in given
        ]
        out = RuleOperand(node.output, grad.dtype)
        try:
            parts = node.op.backward(RuleOperand(grad, grad.dtype), out, *operands, **params)
        except NotRecordable:
            if node.op.modal:
                raise
            parts = [
                _opaque(node, grad, i) if id(x) in reached else None
                for i, x in enumerate(node.inputs)
            ]
        for x, part in zip(node.inputs, parts):  # noqa: B905, constants at the end may have no gradient
            if part is None or id(x) not in reached:
                continue
            tensor: Any = part.tensor if isinstance(part, RuleOperand) else part
            known = grads.get(id(x))
            grads[id(x)] = tensor if known is None else add(known, tensor)


def _opaque(node: Node, grad: Tensor, i: int) -> Any:
    """Return the gradient of a node's input by a rule that computes with numbers alone."""
    rule = node.op.backward
    assert rule is not None

    def forward(grad: Any, out: Any, *values: Any, **params: Any) -> Any:
        part = rule(grad, out, *values, **params)[i]
        return np.zeros_like(values[i]) if part is None else part

    def refuse(*values: Any, **params: Any) -> Any:
        raise NotImplementedError(
            f"the op {node.op.name!r} has no second derivative: its gradient is computed with "
            "numbers alone"
        )

    op = Op(f"gradient of {node.op.name}", forward, refuse, lambda *shapes, **params: shapes[2 + i])
    return apply(op, grad, node.output, *node.inputs, **node.params)
