"""What is seen in the nodes as a whole before the first of them becomes one of the engine's.

Which only move entries or rename their input, which weights serve transposed, and which sums and
activations the engine computes together with a matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from pynn import _core
from pynn.graph._features import MOVING, is_in_order, moved_features, row_shape
from pynn.graph._lowering._products import Product, product_of
from pynn.ops import Node, Tensor, Weight

_PRODUCTS = ("matmul", "dense", "einsum")


class LoweringAnalysis(NamedTuple):
    """What is known of nodes and tensors, by their ``id``.

    Attributes
    ----------
    moves : dict
        Which features the nodes that only move entries take.
    renames : set of int
        Those of them that leave the entries as they are.
    transposed : dict
        Weights of which only the transpose is used, as a kernel, by the ``id`` of its tensor.
    biases : dict
        The product and the bias that a sum comes to.
    absorbed : set of int
        Products to which a sum adds a bias: the sum's node computes both.
    alone : set of int
        Those sums, and activations that the engine fuses with a product.
    """

    moves: dict[int, np.ndarray]
    renames: set[int]
    transposed: dict[int, Weight]
    biases: dict[int, tuple[Product, Weight]]
    absorbed: set[int]
    alone: set[int]


def analyze(nodes: Sequence[Node], wanted: Sequence[Tensor], dtype: str) -> LoweringAnalysis:
    """Analyze nodes in topological order, of which the tensors `wanted` are read from outside."""
    moves, renames = _find_moves(nodes, dtype)
    analysis = LoweringAnalysis(moves, renames, _find_transposed(nodes, wanted), {}, set(), set())
    _fuse_products(analysis, nodes, wanted)
    return analysis


@cache
def activation_names() -> frozenset[str]:
    """Return what the engine can fuse with a product."""
    return frozenset(_core.activation_names())


def _find_moves(nodes: Sequence[Node], dtype: str) -> tuple[dict[int, np.ndarray], set[int]]:
    moves: dict[int, np.ndarray] = {}
    renames: set[int] = set()
    for node in nodes:
        if node.op.name == "cast" and node.params["dtype"] == dtype:
            renames.add(id(node))
        if node.op.name not in MOVING:
            continue
        features = moved_features(node)
        if features is None:
            continue
        moves[id(node)] = features
        single = not any(isinstance(value, Tensor) for value in node.inputs[1:])
        if single and is_in_order(features, math.prod(row_shape(node.inputs[0]) or ())):
            renames.add(id(node))
    return moves, renames


def _find_transposed(nodes: Sequence[Node], wanted: Sequence[Tensor]) -> dict[int, Weight]:
    transposed: dict[int, Weight] = {}
    if not any(node.op.name == "transpose" for node in nodes):
        return transposed
    other = {id(tensor) for tensor in wanted}  # read by anything but products
    for node in nodes:
        read = node.inputs
        if node.op.name in ("matmul", "dense") and len(read) > 1:
            read = (read[0], *read[2:])
        other |= {id(value) for value in read}
    for node in nodes:
        if node.op.name != "transpose" or id(node.output) in other:
            continue
        weight = node.inputs[0]
        if isinstance(weight, Weight) and node.params["axes"] in (None, (1, 0)):
            if weight.ndim == 2:
                transposed[id(node.output)] = weight
    return transposed


def _fuse_products(
    analysis: LoweringAnalysis, nodes: Sequence[Node], wanted: Sequence[Tensor]
) -> None:
    """Fill `biases`, `absorbed` and `alone`."""
    uses: dict[int, int] = {id(tensor): 1 for tensor in wanted}
    for node in nodes:
        for value in node.inputs:
            if isinstance(value, Tensor):
                uses[id(value)] = uses.get(id(value), 0) + 1
    for node in nodes:
        first = node.inputs[0] if node.inputs else None
        inner = first.node if isinstance(first, Tensor) else None
        if node.op.name == "add":
            product, bias = node.inputs
            if isinstance(product, Weight):
                product, bias = bias, product
            inner = product.node if isinstance(product, Tensor) else None
            if inner is None or uses[id(product)] != 1 or len(inner.inputs) != 2:
                continue
            found = product_of(inner, analysis.transposed)
            if found is None or not found.takes_bias(bias):
                continue
            if bias.shape == product.shape[len(product.shape) - bias.ndim :]:
                analysis.absorbed.add(id(inner))
                analysis.alone.add(id(node))
                analysis.biases[id(node)] = (found, bias)
        elif node.op.name in activation_names() and inner is not None:
            is_product = inner.op.name in _PRODUCTS or id(inner) in analysis.biases
            if is_product and uses[id(inner.output)] == 1:
                analysis.alone.add(id(node))
