"""Ops of any number of values of one shape, as the merging layers use them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from pynn._shape_rules import broadcast, unbroadcast
from pynn._tensor import Op, apply

__all__ = [
    "merge_add",
    "merge_average",
    "merge_maximum",
    "merge_minimum",
    "merge_multiply",
]


def _add_backward(grad: Any, out: Any, *values: Any) -> list[np.ndarray]:
    return [unbroadcast(grad, value) for value in values]


def _average_backward(grad: Any, out: Any, *values: Any) -> list[np.ndarray]:
    return _add_backward(grad / len(values), out, *values)


def _multiply_backward(grad: Any, out: Any, *values: Any) -> list[np.ndarray]:
    grads = []
    for i, value in enumerate(values):
        others = reduce(np.multiply, [*values[:i], *values[i + 1 :]], grad)
        grads.append(unbroadcast(others, value))
    return grads


def _pick_backward(grad: Any, out: Any, *values: Any) -> list[np.ndarray]:
    hits = [np.equal(value, out) for value in values]
    share = grad / reduce(np.add, [hit.astype(grad.dtype) for hit in hits])
    return [unbroadcast(share * hit, value) for hit, value in zip(hits, values, strict=True)]


MERGE_ADD = Op("merge_add", lambda *v: reduce(np.add, v), _add_backward, broadcast, onnx="Sum")
MERGE_AVERAGE = Op(
    "merge_average",
    lambda *v: reduce(np.add, v) / len(v),
    _average_backward,
    broadcast,
    "float",
    onnx=lambda w, *xs: w.node("Div", w.node("Sum", *xs), float(len(xs))),
)
MERGE_MULTIPLY = Op(
    "merge_multiply",
    lambda *v: reduce(np.multiply, v),
    _multiply_backward,
    broadcast,
    onnx=lambda w, *xs: reduce(lambda a, b: w.node("Mul", a, b), xs),
)
MERGE_MAXIMUM = Op(
    "merge_maximum", lambda *v: reduce(np.maximum, v), _pick_backward, broadcast, onnx="Max"
)
MERGE_MINIMUM = Op(
    "merge_minimum", lambda *v: reduce(np.minimum, v), _pick_backward, broadcast, onnx="Min"
)


def merge_add(xs: Sequence[Any]) -> Any:
    """Return the sum of all `xs`, entry by entry."""
    return apply(MERGE_ADD, *xs)


def merge_average(xs: Sequence[Any]) -> Any:
    """Return the mean of all `xs`, entry by entry."""
    return apply(MERGE_AVERAGE, *xs)


def merge_multiply(xs: Sequence[Any]) -> Any:
    """Return the product of all `xs`, entry by entry."""
    return apply(MERGE_MULTIPLY, *xs)


def merge_maximum(xs: Sequence[Any]) -> Any:
    """Return the largest of all `xs`, entry by entry; equal ones share the gradient."""
    return apply(MERGE_MAXIMUM, *xs)


def merge_minimum(xs: Sequence[Any]) -> Any:
    """Return the smallest of all `xs`, entry by entry; equal ones share the gradient."""
    return apply(MERGE_MINIMUM, *xs)
