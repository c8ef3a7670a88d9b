"""From nodes to the engine's graph: one rule per op that the engine has a kind for.

A rule returns the engine's node, or None where the engine cannot compute this use of the op; the
plan then interprets the nodes instead. Elementwise nodes are put together by `_expressions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from pynn import _core
from pynn.graph._expressions import Program, group
from pynn.graph._features import (
    MOVING,
    broadcast_features,
    has_rows,
    is_in_order,
    moved_features,
    row_shape,
)
from pynn.ops import Node, Tensor, Weight
from pynn.ops._neural import SELU_FLOOR, alpha_affine
from pynn.ops._shape_rules import normalize_axes


class NativeGraph(NamedTuple):
    """A graph of the engine and the numbers of its inputs, outputs and losses.

    `coupled` is an op in it that looks at all rows of a batch, if there is one.
    """

    graph: _core.Graph
    inputs: list[int]
    outputs: list[int]
    losses: list[int]
    coupled: str | None


class Lowering:
    """A graph of the engine while it is filled.

    Attributes
    ----------
    graph : _core.Graph
    ids : dict
        The engine's node of each tensor, by the tensor's ``id``.
    moves : dict
        Which features the nodes that only move entries take, by the node's ``id``.
    renames : set of int
        The ``id`` of those that leave them as they are.
    biases : dict
        Product and bias that a sum comes to, by the ``id`` of the sum's node.
    transposed : dict
        Weights of which only the transpose is used, as a kernel, by the ``id`` of its tensor.
    coupled : str or None
        The first op that looks at all rows of a batch.
    """

    def __init__(self, dtype: str) -> None:
        self.graph = _core.Graph(dtype)
        self.dtype = dtype
        self.ids: dict[int, int] = {}
        self.moves: dict[int, np.ndarray] = {}
        self.renames: set[int] = set()
        self.biases: dict[int, tuple[Tensor, Any, Weight]] = {}
        self.transposed: dict[int, Weight] = {}
        self.coupled: str | None = None
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

    def sum_over_batch(self, node: int, op_name: str) -> int:
        """Return a node of the sums over the batch's rows, which it gives to every row."""
        self.coupled = self.coupled or op_name
        return self.graph.add("batch_sum", [node])

    def count_rows(self, node: int, op_name: str) -> int:
        """Return the number of the batch's rows, as a node of one feature."""
        if self._count is None:
            ones = self.filled(self.select(node, np.zeros(1, np.int64)), 1.0)
            self._count = self.sum_over_batch(ones, op_name)
        return self._count

    def product(self, x: Tensor, kernel: Any, *bias: Weight) -> int:
        """Append a matrix product with a weight, the transpose of one, or an array."""
        turned = self.transposed.get(id(kernel))
        weight = kernel if turned is None else turned
        if isinstance(weight, Weight):
            matrix = weight._variable
        else:
            matrix = _core.Variable(weight.shape[1], weight.shape[0], self.dtype)
            matrix.view[...] = weight.T
        variables = [matrix, *(vector._variable for vector in bias)]
        params = {"transposed": float(turned is not None)}
        return self.graph.add("dense", [self.node(x)], variables, params)

    def is_kernel(self, value: Any) -> bool:
        """Whether the engine can multiply by `value`."""
        if isinstance(value, np.ndarray):
            return value.ndim == 2 and value.dtype.kind in "fiub"
        return (isinstance(value, Weight) and value.ndim == 2) or id(value) in self.transposed

    def find_transposed(self, nodes: Sequence[Node], outputs: Sequence[Tensor]) -> None:
        """Fill `transposed`."""
        other = {id(tensor) for tensor in outputs}  # read by anything but products
        for node in nodes:
            read = node.inputs
            if node.op.name in ("matmul", "dense") and len(read) > 1:
                read = (read[0], *read[2:])
            other |= {id(value) for value in read}
        for node in nodes:
            weight = node.inputs[0]
            if node.op.name != "transpose" or id(node.output) in other:
                continue
            if isinstance(weight, Weight) and node.params["axes"] in (None, (1, 0)):
                if weight.ndim == 2:
                    self.transposed[id(node.output)] = weight

    def find_moves(self, nodes: Sequence[Node]) -> None:
        """Fill `moves` and `renames`."""
        for node in nodes:
            first = node.inputs[0]
            if node.op.name == "cast" and node.params["dtype"] == self.dtype:
                self.renames.add(id(node))
            if node.op.name not in MOVING:
                continue
            features = moved_features(node)
            if features is None:
                continue
            self.moves[id(node)] = features
            single = not any(isinstance(value, Tensor) for value in node.inputs[1:])
            if single and is_in_order(features, math.prod(row_shape(first) or ())):
                self.renames.add(id(node))


@cache
def _activation_names() -> frozenset[str]:
    return frozenset(_core.activation_names())


Rule = Callable[[Lowering, Node], "int | None"]


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
    lowering = Lowering(dtype)
    wanted = [*outputs, *losses]
    for tensor in inputs:
        features = math.prod(n or 1 for n in tensor.shape[1:])
        lowering.ids[id(tensor)] = lowering.graph.add("input", [], [], {"features": features})
    lowering.find_moves(nodes)
    lowering.find_transposed(nodes, wanted)
    absorbed, alone = _fuse_products(lowering, nodes, wanted)
    last = group(nodes, wanted, lowering.renames, lambda node: id(node) in alone)
    members: dict[int, list[Node]] = {}
    for node in nodes:
        if id(node) in absorbed or id(node.output) in lowering.transposed:
            continue
        if id(node) in last:
            root = last[id(node)]
            members.setdefault(id(root), []).append(node)
            if node is root:
                lowering.ids[id(node.output)] = _expression(lowering, members[id(root)])
            continue
        if id(node) in lowering.renames:
            source = lowering.ids.get(id(node.inputs[0]))
            if source is not None:  # else it is inside of an expression, and so is its reader
                lowering.ids[id(node.output)] = source
            continue
        rule = _moved if id(node) in lowering.moves else _rules().get(node.op.name)
        made = None if rule is None else rule(lowering, node)
        if made is None:
            return node.op.name
        lowering.ids[id(node.output)] = made
    for tensor in outputs:
        if not has_rows(tensor):
            return tensor.node.op.name if tensor.node else "input"
    input_ids = [lowering.ids[id(tensor)] for tensor in inputs]
    wanted_ids: list[int] = []
    for tensor in wanted:
        made = lowering.ids[id(tensor)]
        if (
            made in input_ids or made in wanted_ids
        ):  # what is read from outside is a node of its own
            made = lowering.graph.add("linear", [made])
        wanted_ids.append(made)
    count = len(outputs)
    ends = wanted_ids[:count], wanted_ids[count:]
    return NativeGraph(lowering.graph, input_ids, *ends, lowering.coupled)


def _fuse_products(
    lowering: Lowering, nodes: Sequence[Node], outputs: Sequence[Tensor]
) -> tuple[set[int], set[int]]:
    """Find what is fused with matrix products.

    Returns
    -------
    absorbed : set of int
        The ``id`` of products to which a sum adds a bias: the sum's node computes both.
    alone : set of int
        The ``id`` of those sums, and of activations that the engine fuses with a product.
    """
    uses: dict[int, int] = {id(tensor): 1 for tensor in outputs}
    for node in nodes:
        for value in node.inputs:
            if isinstance(value, Tensor):
                uses[id(value)] = uses.get(id(value), 0) + 1
    absorbed, alone = set(), set()
    for node in nodes:
        inner = node.inputs[0].node if isinstance(node.inputs[0], Tensor) else None
        if node.op.name == "add":
            product, bias = node.inputs
            if isinstance(product, Weight):
                product, bias = bias, product
            inner = product.node if isinstance(product, Tensor) else None
            if inner is None or uses[id(product)] != 1 or not _is_plain_product(lowering, inner):
                continue
            x, kernel = inner.inputs
            if isinstance(bias, Weight) and bias.shape == kernel.shape[1:]:
                absorbed.add(id(inner))
                alone.add(id(node))
                lowering.biases[id(node)] = (x, kernel, bias)
        elif node.op.name in _activation_names() and inner is not None:
            is_product = inner.op.name in ("matmul", "dense") or id(inner) in lowering.biases
            if is_product and uses[id(inner.output)] == 1:
                alone.add(id(node))
    return absorbed, alone


def _is_plain_product(lowering: Lowering, node: Node) -> bool:
    if node.op.name not in ("matmul", "dense") or len(node.inputs) != 2:
        return False
    x, kernel = node.inputs
    return isinstance(x, Tensor) and len(x.shape) == 2 and lowering.is_kernel(kernel)


def _expression(lowering: Lowering, members: Sequence[Node]) -> int:
    """Append the expression that ends with the last of some elementwise nodes."""
    if len(members) == 1 and members[0].op.name in _activation_names():
        return _activation(lowering, members[0])
    program = Program()
    values: dict[int, tuple[str, int]] = {}

    def operand(value: Any, output: Tensor) -> tuple[str, int]:
        features = broadcast_features(value, output)
        assert features is not None
        if not isinstance(value, (Tensor, Weight)):
            return program.constant(np.asarray(value).ravel()[features])
        source = value
        while isinstance(source, Tensor) and source.node and id(source.node) in lowering.renames:
            source = source.node.inputs[0]
        if id(source) in values:
            return values[id(source)]
        node = lowering.node(source)
        return program.input(node if features.max() == 0 else lowering.select(node, features))

    for member in members:
        operands = [operand(value, member.output) for value in _operands(member)]
        result = program.append_node(member, operands)
        values[id(member.output)] = result
    return program.append_to(lowering.graph, result)


def _operands(node: Node) -> Sequence[Any]:
    return node.inputs[:1] if node.op.name == "cast" else node.inputs


def _moved(lowering: Lowering, node: Node) -> int | None:
    tensors = [x for x in node.inputs if isinstance(x, Tensor)]
    whole = lowering.node(tensors[0]) if len(tensors) == 1 else lowering.add("concatenate", tensors)
    return lowering.select(whole, lowering.moves[id(node)])


def _dense(lowering: Lowering, node: Node) -> int | None:
    x, kernel, *bias = node.inputs
    if not isinstance(x, Tensor) or len(x.shape) != 2 or not has_rows(x):
        return None
    if not lowering.is_kernel(kernel) or not all(isinstance(weight, Weight) for weight in bias):
        return None
    return lowering.product(x, kernel, *bias)


def _sum(lowering: Lowering, node: Node) -> int | None:
    if id(node) not in lowering.biases:
        return None
    return lowering.product(*lowering.biases[id(node)])


def _softmax(lowering: Lowering, node: Node) -> int | None:
    row = row_shape(node.output)
    if row is None or not row or not has_rows(node.output):
        return None
    outer, length = math.prod(row[:-1]), row[-1]
    if outer == 1:
        return lowering.add(node.op.name, node.inputs)
    # The engine's own takes all features of a row together.
    x = lowering.node(node.inputs[0])
    spread = np.repeat(np.arange(outer), length)
    largest = lowering.select(lowering.add("reduce_max", [x], length=length), spread)
    program = Program()
    shifted = program.add("subtract", program.input(x), program.input(largest))
    powers = program.append_to(lowering.graph, program.add("exp", shifted))
    total = lowering.select(lowering.add("reduce_sum", [powers], length=length), spread)
    program = Program()
    if node.op.name == "softmax":
        result = program.add("divide", program.input(powers), program.input(total))
    else:
        shifted = program.add("subtract", program.input(x), program.input(largest))
        logarithm = program.add("log", program.input(total))
        result = program.add("subtract", shifted, logarithm)
    return program.append_to(lowering.graph, result)


def _activation(lowering: Lowering, node: Node) -> int:
    return lowering.add(node.op.name, node.inputs, alpha=node.params["alpha"])


def _dropout(lowering: Lowering, node: Node) -> int | None:
    if node.params["always"]:
        return None
    return lowering.add("dropout", node.inputs, rate=node.params["rate"])


def _noise(lowering: Lowering, node: Node) -> int | None:
    if node.params["always"]:
        return None
    return lowering.add(node.op.name, node.inputs, stddev=node.params["stddev"])


def _alpha_dropout(lowering: Lowering, node: Node) -> int | None:
    """Put together what dropout of ones picks: 1 at inference, 0 and 1 / (1 - rate) in training."""
    rate = node.params["rate"]
    if node.params["always"]:
        return None
    x = lowering.node(node.inputs[0])
    if rate == 0.0:
        return x
    kind = np.dtype(lowering.dtype).type
    if kind(1.0) / (kind(1.0) - kind(rate)) == 1.0:
        return None
    mask = lowering.add("dropout", [lowering.filled(x, 1.0)], rate=rate)
    factor, offset = alpha_affine(rate)
    program = Program()
    kept, value = program.input(mask), program.input(x)
    picked = program.add("where", kept, value, program.constant(SELU_FLOOR))
    scaled = program.add("multiply", program.constant(factor), picked)
    dropped = program.add("add", scaled, program.constant(offset))
    inference = program.add("equal", kept, program.constant(1.0))
    return program.append_to(lowering.graph, program.add("where", inference, value, dropped))


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


def _merge(lowering: Lowering, node: Node) -> int | None:
    if not all(isinstance(x, Tensor) for x in node.inputs):
        return None
    if len({x.shape for x in node.inputs}) != 1:
        return None
    if len(node.inputs) == 1:
        return lowering.node(node.inputs[0])
    return lowering.add(node.op.name.removeprefix("merge_"), node.inputs)


# The engine's reduction of each op. What is true is 1, so that one is if the largest is; the least
# is where its negative is the largest.
_REDUCTIONS = {
    "sum": "reduce_sum",
    "mean": "reduce_mean",
    "max": "reduce_max",
    "min": "reduce_min",
    "argmax": "reduce_argmax",
    "argmin": "reduce_argmax",
    "any": "reduce_max",
    "all": "reduce_min",
}


def _reduce(lowering: Lowering, node: Node) -> int | None:
    x = node.inputs[0]
    row = row_shape(x)
    if row is None or (isinstance(x, Weight) and x.ndim == 2):
        return None
    first = len(x.shape) - len(row)
    axes = [axis - first for axis in normalize_axes(node.params["axis"], len(x.shape))]
    source = lowering.node(x)
    if axes and axes[0] < 0:
        return _reduce_batch(lowering, node, source, row, axes[1:])
    return _reduce_features(lowering, node, source, row, axes)


def _reduce_batch(
    lowering: Lowering, node: Node, source: int, row: tuple[int, ...], axes: list[int]
) -> int | None:
    """Append a sum or mean over the rows of the batch, and over axes within them."""
    name = node.op.name
    if name not in ("sum", "mean"):
        return None
    total = lowering.sum_over_batch(
        _reduce_features(lowering, node, source, row, axes) if axes else source, name
    )
    if name == "sum":
        return total
    program = Program()
    rows = lowering.count_rows(source, name)
    return program.append_to(
        lowering.graph, program.add("divide", program.input(total), program.input(rows))
    )


def _reduce_features(
    lowering: Lowering, node: Node, source: int, row: tuple[int, ...], axes: list[int]
) -> int:
    if node.op.name in ("any", "all"):
        program = Program()
        truth = program.add("not_equal", program.input(source), program.constant(0.0))
        source = program.append_to(lowering.graph, truth)
    elif node.op.name == "argmin":
        program = Program()
        negative = program.add("negative", program.input(source))
        source = program.append_to(lowering.graph, negative)
    finds_place = node.op.name in ("argmax", "argmin")
    in_one_piece = axes == list(range(axes[0], axes[-1] + 1)) if axes else True
    if not in_one_piece or (finds_place and axes[-1] != len(row) - 1):
        kept = [axis for axis in range(len(row)) if axis not in axes]
        numbers = np.arange(math.prod(row)).reshape(row).transpose(kept + axes)
        source = lowering.select(source, numbers.ravel())
        row = numbers.shape
        axes = list(range(len(kept), len(row)))
    length = math.prod(row[axis] for axis in axes)
    if length == 1 and not finds_place:
        return source
    inner = math.prod(row[axes[-1] + 1 :])
    return lowering.add(_REDUCTIONS[node.op.name], [source], length=length, inner=inner)


def _one_hot(lowering: Lowering, node: Node) -> int | None:
    x, classes = node.inputs[0], node.params["num_classes"]
    row = row_shape(x)
    if row is None or not has_rows(x):
        return None
    width = math.prod(row)
    source = lowering.node(x)
    if width > 1:
        source = lowering.select(source, np.repeat(np.arange(width), classes))
    program = Program()
    label = program.add("truncate", program.input(source))
    known = program.constant(np.tile(np.arange(classes), width))
    return program.append_to(lowering.graph, program.add("equal", label, known))


def _filled(lowering: Lowering, node: Node) -> int | None:
    if row_shape(node.inputs[0]) is None or not has_rows(node.inputs[0]):
        return None
    return lowering.filled(lowering.node(node.inputs[0]), node.params["fill"])


def _batch_size(lowering: Lowering, node: Node) -> int | None:
    if not has_rows(node.inputs[0]):
        return None
    return lowering.count_rows(lowering.node(node.inputs[0]), node.op.name)


@cache
def _rules() -> dict[str, Rule]:
    rules: dict[str, Rule] = {
        "add": _sum,
        "dense": _dense,
        "matmul": _dense,
        "softmax": _softmax,
        "log_softmax": _softmax,
        "dropout": _dropout,
        "alpha_dropout": _alpha_dropout,
        "gaussian_dropout": _noise,
        "gaussian_noise": _noise,
        "batch_size": _batch_size,
        "batch_normalization": _batch_normalization,
        "one_hot": _one_hot,
        "ones_like": _filled,
    }
    for kind in ("add", "multiply", "average", "maximum", "minimum"):
        rules[f"merge_{kind}"] = _merge
    for name in _REDUCTIONS:
        rules[name] = _reduce
    for name in _activation_names():
        rules[name] = _activation
    return rules
