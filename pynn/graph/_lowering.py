"""From nodes to the engine's graph: one rule per op that the engine has a kind for.

A rule returns the engine's node, or None where the engine cannot compute this use of the op; the
plan then interprets the nodes instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from pynn import _core
from pynn.ops import Node, Tensor, Weight

_EPSILON = 2.0**-10


class NativeGraph:
    """A graph of the engine and the numbers of its inputs and outputs."""

    __slots__ = ("graph", "inputs", "outputs")

    def __init__(self, graph: _core.Graph, inputs: list[int], outputs: list[int]) -> None:
        self.graph = graph
        self.inputs = inputs
        self.outputs = outputs


class Lowering:
    """A graph of the engine while it is filled.

    Attributes
    ----------
    graph : _core.Graph
    ids : dict
        The engine's node of each tensor, by the tensor's ``id``.
    """

    def __init__(self, dtype: str) -> None:
        self.graph = _core.Graph(dtype)
        self.dtype = dtype
        self.ids: dict[int, int] = {}
        self.biases: dict[int, tuple[Tensor, Weight, Weight]] = {}

    def add(
        self, kind: str, inputs: Sequence[Any], weights: Sequence[Weight] = (), **params: float
    ) -> int:
        """Append a node of the engine on tensors or node numbers."""
        ids = [self.ids[id(x)] if isinstance(x, Tensor) else x for x in inputs]
        variables = [weight._variable for weight in weights]
        return self.graph.add(kind, ids, variables, params)


Rule = Callable[[Lowering, Node], "int | None"]


def lower_to_engine(
    nodes: Sequence[Node], inputs: Sequence[Tensor], outputs: Sequence[Tensor], dtype: str
) -> NativeGraph | str:
    """Return the nodes as a graph of the engine, or the name of the first op that does not fit."""
    lowering = Lowering(dtype)
    for tensor in inputs:
        features = int(np.prod([n or 1 for n in tensor.shape[1:]], dtype=np.int64))
        lowering.ids[id(tensor)] = lowering.graph.add("input", [], [], {"features": features})
    absorbed = _fuse_biases(lowering, nodes, outputs)
    for node in nodes:
        if id(node) in absorbed:
            continue
        rule = _rules().get(node.op.name)
        made = None if rule is None else rule(lowering, node)
        if made is None:
            return node.op.name
        lowering.ids[id(node.output)] = made
    input_ids = [lowering.ids[id(tensor)] for tensor in inputs]
    output_ids: list[int] = []
    for tensor in outputs:
        made = lowering.ids[id(tensor)]
        if made in input_ids or made in output_ids:  # an output is a node of its own
            made = lowering.graph.add("linear", [made])
        output_ids.append(made)
    return NativeGraph(lowering.graph, input_ids, output_ids)


def _fuse_biases(lowering: Lowering, nodes: Sequence[Node], outputs: Sequence[Tensor]) -> set[int]:
    """Find ``x @ kernel + bias``; return the products that the sums absorb."""
    uses: dict[int, int] = {id(tensor): 1 for tensor in outputs}
    for node in nodes:
        for value in node.inputs:
            if isinstance(value, Tensor):
                uses[id(value)] = uses.get(id(value), 0) + 1
    absorbed = set()
    for node in nodes:
        if node.op.name != "add":
            continue
        product, bias = node.inputs
        if isinstance(product, Weight):
            product, bias = bias, product
        if not (isinstance(product, Tensor) and isinstance(bias, Weight) and bias.ndim == 1):
            continue
        inner = product.node
        if inner is None or uses[id(product)] != 1 or not _is_plain_product(inner):
            continue
        x, kernel = inner.inputs
        if kernel.shape[1] == bias.size:
            absorbed.add(id(inner))
            lowering.biases[id(node)] = (x, kernel, bias)
    return absorbed


def _is_plain_product(node: Node) -> bool:
    if node.op.name not in ("matmul", "dense") or len(node.inputs) != 2:
        return False
    x, kernel = node.inputs
    return (
        isinstance(x, Tensor)
        and len(x.shape) == 2
        and isinstance(kernel, Weight)
        and kernel.ndim == 2
    )


def _alias(lowering: Lowering, node: Node) -> int | None:
    return lowering.ids[id(node.inputs[0])]


def _cast(lowering: Lowering, node: Node) -> int | None:
    return _alias(lowering, node) if node.params["dtype"] == lowering.dtype else None


def _squeeze(lowering: Lowering, node: Node) -> int | None:
    keeps_rows = node.output.shape[:1] == node.inputs[0].shape[:1]
    return _alias(lowering, node) if keeps_rows else None


def _dense(lowering: Lowering, node: Node) -> int | None:
    x, *weights = node.inputs
    if not isinstance(x, Tensor) or len(x.shape) != 2:
        return None
    if not all(isinstance(weight, Weight) for weight in weights) or weights[0].ndim != 2:
        return None
    return lowering.add("dense", [x], weights)


def _softmax(lowering: Lowering, node: Node) -> int | None:
    if len(node.output.shape) != 2:
        return None
    return lowering.add(node.op.name, node.inputs)


def _activation(lowering: Lowering, node: Node) -> int | None:
    return lowering.add(node.op.name, node.inputs, alpha=node.params["alpha"])


def _exponential(lowering: Lowering, node: Node) -> int | None:
    return lowering.add("exponential", node.inputs)


def _square(lowering: Lowering, node: Node) -> int | None:
    return lowering.add("multiply", [*node.inputs, *node.inputs])


def _dropout(lowering: Lowering, node: Node) -> int | None:
    if node.params["always"]:
        return None
    return lowering.add("dropout", node.inputs, rate=node.params["rate"])


def _batch_normalization(lowering: Lowering, node: Node) -> int | None:
    x, *weights = node.inputs
    if len(x.shape) != 2:
        return None
    flags = {name: float(node.params[name]) for name in ("scale", "center")}
    return lowering.add(
        "batch_normalization",
        [x],
        weights,
        momentum=node.params["momentum"],
        epsilon=node.params["epsilon"],
        frozen=float(node.params["frozen"]()),
        **flags,
    )


def _concatenate(lowering: Lowering, node: Node) -> int | None:
    if node.params["axis"] != 1 or not all(isinstance(x, Tensor) for x in node.inputs):
        return None
    return lowering.add("concatenate", node.inputs)


def _affine(lowering: Lowering, x: Tensor, scale: Any, offset: Any) -> int:
    """Append ``x * scale + offset`` for numbers, as a normalization that is at rest."""
    features = int(np.prod([n or 1 for n in x.shape[1:]], dtype=np.int64))
    variables = []
    # Variance and epsilon are powers of 2 apart, so that they add up to exactly 1.
    for value in (0.0, 1.0 - _EPSILON, scale, offset):  # mean, variance, gamma, beta
        variable = _core.Variable(1, features, lowering.dtype)
        variable.view[...] = value
        variables.append(variable)
    params = {"epsilon": _EPSILON, "frozen": 1.0, "scale": 1.0, "center": 1.0}
    return lowering.graph.add("batch_normalization", [lowering.ids[id(x)]], variables, params)


def _constant(value: Any, x: Tensor) -> Any:
    """Return what is the same for every row: a number, or one for each feature; else None."""
    if isinstance(value, (Tensor, Weight)):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        return None
    fits = array.ndim == 0 or (array.ndim == 1 and x.shape[1:] == array.shape)
    return array.astype(np.float64) if fits else None


# What an op with one constant comes to, as (scale, offset): the constant behind, and in front.
_AFFINE: dict[str, tuple[Any, Any]] = {
    "add": (lambda c: (1.0, c), lambda c: (1.0, c)),
    "subtract": (lambda c: (1.0, -c), lambda c: (-1.0, c)),
    "multiply": (lambda c: (c, 0.0), lambda c: (c, 0.0)),
    "divide": (lambda c: (1.0 / c, 0.0), None),
}


def _with_constant(lowering: Lowering, node: Node) -> int | None:
    first, second = node.inputs
    behind, in_front = _AFFINE[node.op.name]
    if isinstance(first, Tensor):
        x, form, value = first, behind, _constant(second, first)
    elif isinstance(second, Tensor):
        x, form, value = second, in_front, _constant(first, second)
    else:
        return None
    if form is None or value is None or (node.op.name == "divide" and not np.all(value)):
        return None
    return _affine(lowering, x, *form(value))


def _negative(lowering: Lowering, node: Node) -> int | None:
    return _affine(lowering, node.inputs[0], -1.0, 0.0)


def _combine(kind: str) -> Rule:
    """Make the rule for combinations of tensors of one shape."""

    def rule(lowering: Lowering, node: Node) -> int | None:
        if id(node) in lowering.biases:
            x, kernel, bias = lowering.biases[id(node)]
            return lowering.add("dense", [x], [kernel, bias])
        if not all(isinstance(x, Tensor) for x in node.inputs):
            return _with_constant(lowering, node) if node.op.name in _AFFINE else None
        if len({x.shape for x in node.inputs}) != 1:
            return None
        if len(node.inputs) == 1:
            return _alias(lowering, node)
        return lowering.add(kind, node.inputs)

    return rule


@cache
def _rules() -> dict[str, Rule]:
    kinds = set(_core.graph_kinds())
    rules: dict[str, Rule] = {
        "identity": _alias,
        "reshape_rows": _alias,
        "expand_dims": _squeeze,
        "squeeze": _squeeze,
        "cast": _cast,
        "dense": _dense,
        "matmul": _dense,
        "softmax": _softmax,
        "log_softmax": _softmax,
        "dropout": _dropout,
        "exp": _exponential,
        "square": _square,
        "batch_normalization": _batch_normalization,
        "concatenate": _concatenate,
    }
    for kind in ("add", "multiply", "average", "maximum", "minimum"):
        rules[kind] = rules[f"merge_{kind}"] = _combine(kind)
    rules["subtract"] = _combine("subtract")
    rules["divide"] = _with_constant
    rules["negative"] = _negative
    for name in _core.activation_names():
        if name in kinds:
            rules.setdefault(name, _activation)
    rules["linear"] = _alias
    return rules
