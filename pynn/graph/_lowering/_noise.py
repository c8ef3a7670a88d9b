"""Rules for what is random in training."""

from __future__ import annotations

import numpy as np

from pynn._alpha_dropout import SELU_FLOOR, alpha_affine
from pynn.graph._lowering._builder import Builder
from pynn.graph._lowering._program import Program
from pynn.ops import Node


def dropout(builder: Builder, node: Node) -> int | None:
    if node.params["always"]:
        return None
    return builder.add("dropout", node.inputs, rate=node.params["rate"])


def gaussian(builder: Builder, node: Node) -> int | None:
    if node.params["always"]:
        return None
    return builder.add(node.op.name, node.inputs, stddev=node.params["stddev"])


def alpha_dropout(builder: Builder, node: Node) -> int | None:
    """Put together what dropout of ones picks: 1 at inference, 0 and 1 / (1 - rate) in training."""
    rate = node.params["rate"]
    if node.params["always"]:
        return None
    x = builder.node(node.inputs[0])
    if rate == 0.0:
        return x
    kind = np.dtype(builder.dtype).type
    if kind(1.0) / (kind(1.0) - kind(rate)) == 1.0:
        return None
    mask = builder.add("dropout", [builder.filled(x, 1.0)], rate=rate)
    factor, offset = alpha_affine(rate)
    program = Program()
    kept, value = program.input(mask), program.input(x)
    picked = program.add("where", kept, value, program.constant(SELU_FLOOR))
    scaled = program.add("multiply", program.constant(factor), picked)
    dropped = program.add("add", scaled, program.constant(offset))
    inference = program.add("equal", kept, program.constant(1.0))
    return program.append_to(builder.graph, program.add("where", inference, value, dropped))
