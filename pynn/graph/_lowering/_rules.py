"""Which rule appends an op's node to the engine's graph, and the rules.

A rule returns the engine's node, or None where the engine cannot compute this use of the op.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from pynn._alpha_dropout import SELU_FLOOR, alpha_affine
from pynn._dtypes import exact_numbers
from pynn._number_checks import checked_rate
from pynn._shape_rules import normalize_axes
from pynn.graph._features import has_rows, is_large_matrix, row_shape
from pynn.graph._lowering._analysis import LoweringAnalysis, activation_names
from pynn.graph._lowering._builder import Builder
from pynn.graph._lowering._products import Product, product_of
from pynn.ops import Node, Tensor, Weight

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
    shifted = ("subtract", x, largest)
    powers = builder.express("exp", shifted)
    total = builder.select(builder.add("reduce_sum", [powers], length=length), repeated)
    if node.op.name == "softmax":
        return builder.express("divide", powers, total)
    return builder.express("subtract", shifted, ("log", total))


def _batch_normalization(builder: Builder, node: Node) -> int | None:
    x, *weights = node.inputs
    if len(x.shape) != 2:
        return None
    how = node.params["how"]
    params = how._replace(frozen=how.frozen())._asdict()
    return builder.add(node.op.name, [x], weights, **{k: float(v) for k, v in params.items()})


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
    known = np.tile(np.arange(classes), width)
    return builder.express("equal", ("truncate", source), known)


def _filled(builder: Builder, node: Node) -> int | None:
    if row_shape(node.inputs[0]) is None or not has_rows(node.inputs[0]):
        return None
    return builder.filled(builder.node(node.inputs[0]), node.params["fill"])


def _full(builder: Builder, node: Node) -> int | None:
    row = row_shape(node.output)
    if row is None or not has_rows(node.output) or not math.prod(row):
        return None
    return builder.filled_rows(math.prod(row), node.params["fill"])


def _batch_size(builder: Builder, node: Node) -> int | None:
    if not has_rows(node.inputs[0]):
        return None
    return builder.count_rows(builder.node(node.inputs[0]))


def append_activation(builder: Builder, node: Node) -> int:
    """Append an activation as a node of its own, which the engine may fuse with a product."""
    return builder.add(node.op.name, node.inputs, alpha=node.params["alpha"])


# ---- what is random in training


def _random(builder: Builder, node: Node) -> int | None:
    ((name, amount),) = [item for item in node.params.items() if item[0] != "always"]
    given = {name: amount}
    if callable(amount):  # outside of training steps, the first one's counts
        given = {name: checked_rate(float(amount(0))), "column": builder.column_of(amount)}
    return builder.add(node.op.name, node.inputs, **given, always=float(node.params["always"]))


def _alpha_dropout(builder: Builder, node: Node) -> int | None:
    """Put together what dropout of ones picks: 1 at inference, 0 and 1 / (1 - rate) in training."""
    rate, always = node.params["rate"], float(node.params["always"])
    x = builder.node(node.inputs[0])
    if rate == 0.0:
        return x
    kind = np.dtype(builder.dtype).type
    if kind(1.0) / (kind(1.0) - kind(rate)) == 1.0:
        return None
    mask = builder.add("dropout", [builder.filled(x, 1.0)], rate=rate, always=always)
    factor, offset = alpha_affine(rate)
    picked = ("where", mask, x, SELU_FLOOR)
    dropped = ("add", ("multiply", factor, picked), offset)
    return builder.express("where", ("equal", mask, 1.0), x, dropped)


def _random_numbers(builder: Builder, node: Node) -> int | None:
    """Put random numbers together of normal ones, which the engine draws for each row."""
    row, (a, b) = row_shape(node.output), node.params["of"]
    given = (a, b, node.params["seed"])
    if row is None or not has_rows(node.output) or any(isinstance(x, Tensor) for x in given):
        return None
    if isinstance(given[2], int) or not math.prod(row):
        return None

    def normal(deviation: float) -> int:
        zeros = builder.filled_rows(math.prod(row), 0.0)
        return builder.add("gaussian_noise", [zeros], stddev=deviation, always=1.0)

    if node.op.name == "random_normal":
        return builder.express("add", normal(float(b)), float(a)) if b >= 0 else None
    # The squared length of a normal pair is exponentially distributed: Box and Muller, 1958.
    squares = (("multiply", x, x) for x in (normal(0.5**0.5), normal(0.5**0.5)))
    uniform = ("exp", ("negative", ("add", *squares)))
    below_one = float(np.nextafter(np.dtype(builder.dtype).type(1), 0))
    unit = ("minimum", uniform, below_one)
    scaled = ("add", ("multiply", unit, float(b) - float(a)), float(a))
    if node.op.name == "random_uniform":
        return builder.express(*scaled)
    if max(abs(a), abs(b)) > exact_numbers(builder.dtype) // 2:
        return None
    return builder.express("minimum", ("floor", scaled), float(b) - 1)


# ---- matrix products, and the sums that add a bias to one


def _product(builder: Builder, node: Node) -> int | None:
    product = product_of(node, builder.analysis.transposed)
    bias = node.inputs[2:]
    if product is None or not all(product.takes_bias(weight) for weight in bias):
        return None
    return _append_product(builder, product, *bias)


def _biased_sum(builder: Builder, node: Node) -> int | None:
    if id(node) not in builder.analysis.biases:
        return None
    return _append_product(builder, *builder.analysis.biases[id(node)])


def _append_product(builder: Builder, product: Product, *bias: Weight) -> int:
    variables = [builder.variable(product.kernel), *(vector._variable for vector in bias)]
    x, groups = builder.node(product.x), product.groups
    if groups is None:
        params = {"transposed": float(product.transposed)}
        return builder.graph.add("dense", [x], variables, params)
    if groups.order is not None:
        x = builder.select(x, groups.order)
    steps = {
        "outputs": float(product.outputs),
        "input_step": float(groups.input_step),
        "output_step": float(groups.output_step),
    }
    made = builder.graph.add("grouped_dense", [x], variables, steps, groups.offsets.tolist())
    return made if groups.output_order is None else builder.select(made, groups.output_order)


# ---- lookups


def _take(builder: Builder, node: Node) -> int | None:
    """Append the rows of a weight, or of an array, that whole numbers name."""
    table, numbers = node.inputs
    if not isinstance(numbers, Tensor) or not has_rows(numbers) or row_shape(numbers) is None:
        return None
    if isinstance(table, np.ndarray) and table.size and table.dtype.kind in "fiub":
        table = table[:, None] if table.ndim == 1 else table
    elif not isinstance(table, Weight):
        return None
    if node.params["axis"] != 0 or table.ndim not in (1, 2):
        return None
    if len(table) > exact_numbers(builder.dtype):
        return None
    params = {"wraps": float(node.params["wraps"])}
    variable = builder.variable(table, in_out=True)
    return builder.graph.add("take", [builder.node(numbers)], [variable], params)


# ---- sums, means, extremes and their places, along the features or over the batch

# The engine's reduction of each op. What is true is 1, so that one is if the largest is; the least
# is where its negative is the largest.
_KINDS = {
    "sum": "reduce_sum",
    "mean": "reduce_mean",
    "max": "reduce_max",
    "min": "reduce_min",
    "argmax": "reduce_argmax",
    "argmin": "reduce_argmax",
    "any": "reduce_max",
    "all": "reduce_min",
}


def _reduce(builder: Builder, node: Node) -> int | None:
    x = node.inputs[0]
    row = row_shape(x)
    if row is None or is_large_matrix(x):
        return None
    first = len(x.shape) - len(row)
    axes = [axis - first for axis in normalize_axes(node.params["axis"], len(x.shape))]
    source = builder.node(x)
    if axes and axes[0] < 0:
        return _reduce_batch(builder, node, source, row, axes[1:])
    return _reduce_features(builder, node, source, row, axes)


def _reduce_batch(
    builder: Builder, node: Node, source: int, row: tuple[int, ...], axes: list[int]
) -> int | None:
    """Append a sum or mean over the rows of the batch, and over axes within them."""
    name = node.op.name
    if name not in ("sum", "mean"):
        return None
    of_rows = _reduce_features(builder, node, source, row, axes) if axes else source
    total = builder.add("batch_sum", [of_rows])  # which gives the sums to every row
    if name == "sum":
        return total
    return builder.express("divide", total, builder.count_rows(source))


def _reduce_features(
    builder: Builder, node: Node, source: int, row: tuple[int, ...], axes: list[int]
) -> int:
    if node.op.name in ("any", "all"):
        source = builder.express("not_equal", source, 0.0)
    elif node.op.name == "argmin":
        source = builder.express("negative", source)
    finds_place = node.op.name in ("argmax", "argmin")
    in_one_piece = axes == list(range(axes[0], axes[-1] + 1)) if axes else True
    if not in_one_piece or (finds_place and axes[-1] != len(row) - 1):
        kept = [axis for axis in range(len(row)) if axis not in axes]
        numbers = np.arange(math.prod(row)).reshape(row).transpose(kept + axes)
        source = builder.select(source, numbers.ravel())
        row = numbers.shape
        axes = list(range(len(kept), len(row)))
    length = math.prod(row[axis] for axis in axes)
    if length == 1 and not finds_place:
        return source
    inner = math.prod(row[axes[-1] + 1 :])
    return builder.add(_KINDS[node.op.name], [source], length=length, inner=inner)


# ---- the table


@cache
def _rules() -> dict[str, Rule]:
    rules: dict[str, Rule] = {
        "add": _biased_sum,
        "dense": _product,
        "matmul": _product,
        "einsum": _product,
        "take": _take,
        "softmax": _softmax,
        "log_softmax": _softmax,
        "dropout": _random,
        "alpha_dropout": _alpha_dropout,
        "gaussian_dropout": _random,
        "gaussian_noise": _random,
        "random_normal": _random_numbers,
        "random_uniform": _random_numbers,
        "random_randint": _random_numbers,
        "full": _full,
        "batch_size": _batch_size,
        "batch_normalization": _batch_normalization,
        "one_hot": _one_hot,
        "ones_like": _filled,
    }
    for kind in ("add", "multiply", "average", "maximum", "minimum"):
        rules[f"merge_{kind}"] = _merge
    for name in _KINDS:
        rules[name] = _reduce
    for name in activation_names():
        rules[name] = append_activation
    return rules
