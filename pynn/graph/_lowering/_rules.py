"""Which rule appends an op's node to the engine's graph, and the rules of the simpler ops.

A rule returns the engine's node, or None where the engine cannot compute this use of the op.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from pynn.graph._features import has_rows, row_shape
from pynn.graph._lowering import _noise, _products, _reductions
from pynn.graph._lowering._analysis import LoweringAnalysis, activation_names
from pynn.graph._lowering._builder import Builder
from pynn.graph._lowering._expressions import append_activation
from pynn.graph._lowering._program import Program
from pynn.ops import Node, Tensor

Rule = Callable[[Builder, Node], "int | None"]


def rule_of(node: Node, analysis: LoweringAnalysis) -> Rule | None:
    """Return what appends a node, or None if nothing does."""
    return _moved if id(node) in analysis.moves else _rules().get(node.op.name)


def _moved(builder: Builder, node: Node) -> int | None:
    tensors = [x for x in node.inputs if isinstance(x, Tensor)]
    whole = builder.node(tensors[0]) if len(tensors) == 1 else builder.add("concatenate", tensors)
    return builder.select(whole, builder.analysis.moves[id(node)])


def _softmax(builder: Builder, node: Node) -> int | None:
    row = row_shape(node.output)
    if row is None or not row or not has_rows(node.output):
        return None
    outer, length = math.prod(row[:-1]), row[-1]
    if outer == 1:
        return builder.add(node.op.name, node.inputs)
    # The engine's own takes all features of a row together.
    x = builder.node(node.inputs[0])
    repeated = np.repeat(np.arange(outer), length)
    largest = builder.select(builder.add("reduce_max", [x], length=length), repeated)
    program = Program()
    shifted = program.add("subtract", program.input(x), program.input(largest))
    powers = program.append_to(builder.graph, program.add("exp", shifted))
    total = builder.select(builder.add("reduce_sum", [powers], length=length), repeated)
    program = Program()
    if node.op.name == "softmax":
        result = program.add("divide", program.input(powers), program.input(total))
    else:
        shifted = program.add("subtract", program.input(x), program.input(largest))
        logarithm = program.add("log", program.input(total))
        result = program.add("subtract", shifted, logarithm)
    return program.append_to(builder.graph, result)


def _batch_normalization(builder: Builder, node: Node) -> int | None:
    x, *weights = node.inputs
    if len(x.shape) != 2:
        return None
    flags = {name: float(node.params[name]) for name in ("scale", "center")}
    return builder.add(
        "batch_normalization",
        [x],
        weights,
        momentum=node.params["momentum"],
        epsilon=node.params["epsilon"],
        frozen=float(node.params["frozen"]()),
        **flags,
    )


def _merge(builder: Builder, node: Node) -> int | None:
    if not all(isinstance(x, Tensor) for x in node.inputs):
        return None
    if len({x.shape for x in node.inputs}) != 1:
        return None
    if len(node.inputs) == 1:
        return builder.node(node.inputs[0])
    return builder.add(node.op.name.removeprefix("merge_"), node.inputs)


def _one_hot(builder: Builder, node: Node) -> int | None:
    x, classes = node.inputs[0], node.params["num_classes"]
    row = row_shape(x)
    if row is None or not has_rows(x):
        return None
    width = math.prod(row)
    source = builder.node(x)
    if width > 1:
        source = builder.select(source, np.repeat(np.arange(width), classes))
    program = Program()
    label = program.add("truncate", program.input(source))
    known = program.constant(np.tile(np.arange(classes), width))
    return program.append_to(builder.graph, program.add("equal", label, known))


def _filled(builder: Builder, node: Node) -> int | None:
    if row_shape(node.inputs[0]) is None or not has_rows(node.inputs[0]):
        return None
    return builder.filled(builder.node(node.inputs[0]), node.params["fill"])


def _batch_size(builder: Builder, node: Node) -> int | None:
    if not has_rows(node.inputs[0]):
        return None
    return builder.count_rows(builder.node(node.inputs[0]))


@cache
def _rules() -> dict[str, Rule]:
    rules: dict[str, Rule] = {
        "add": _products.biased_sum,
        "dense": _products.dense,
        "matmul": _products.dense,
        "softmax": _softmax,
        "log_softmax": _softmax,
        "dropout": _noise.dropout,
        "alpha_dropout": _noise.alpha_dropout,
        "gaussian_dropout": _noise.gaussian,
        "gaussian_noise": _noise.gaussian,
        "batch_size": _batch_size,
        "batch_normalization": _batch_normalization,
        "one_hot": _one_hot,
        "ones_like": _filled,
    }
    for kind in ("add", "multiply", "average", "maximum", "minimum"):
        rules[f"merge_{kind}"] = _merge
    for name in _reductions.KINDS:
        rules[name] = _reductions.reduce
    for name in activation_names():
        rules[name] = append_activation
    return rules
