"""Diagonals and triangles of matrices."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from pynn._tensor import shape_of
from pynn.ops._elementwise import multiply, where
from pynn.ops._indexing import get_item
from pynn.ops._inspection import dtype
from pynn.ops._rearranging import moveaxis, pad
from pynn.ops._reductions import sum
from pynn.ops._shapes import expand_dims, reshape

__all__ = [
    "diag",
    "diagonal",
    "trace",
    "tril",
    "triu",
]


def tril(x: Any, k: int = 0) -> Any:
    """Return matrices, along the last two axes, with zeros above the k-th diagonal."""
    return where(_triangle(x, k), x, 0)


def triu(x: Any, k: int = 0) -> Any:
    """Return matrices, along the last two axes, with zeros below the k-th diagonal."""
    return where(_triangle(x, k - 1), 0, x)


def _triangle(x: Any, k: int) -> np.ndarray:
    return np.tri(*_sides(shape_of(x)[-2:]), k=k, dtype=bool)


def _sides(sizes: Any) -> tuple[int, int]:
    if len(sizes) < 2 or None in sizes:
        raise ValueError(f"a diagonal needs two axes of known size. Received: {sizes}")
    return sizes


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the entries of the diagonal `offset` above the main one, along a new last axis."""
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = _sides(shape_of(x)[-2:])
    below, above = builtins.max(-offset, 0), builtins.max(offset, 0)
    length = builtins.max(0, builtins.min(rows - below, columns - above))
    before = [-1 if n is None else n for n in shape_of(x)[:-2]]
    first, step = below * columns + above, columns + 1
    entries = reshape(x, (*before, rows * columns))
    return get_item(entries, (..., slice(first, first + length * step, step)))


def diag(x: Any, k: int = 0) -> Any:
    """Return the k-th diagonal of a matrix, or a matrix with that diagonal and zeros elsewhere."""
    if len(shape_of(x)) != 1:
        return diagonal(x, k)
    (length,) = shape_of(x)
    if length is None:
        raise ValueError("a matrix for a diagonal of unknown size cannot be made")
    square = multiply(expand_dims(x, 1), np.eye(length, dtype=dtype(x)))
    above, below = builtins.max(k, 0), builtins.max(-k, 0)
    return pad(square, ((below, above), (above, below)))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the sum along a `diagonal`."""
    return sum(diagonal(x, offset, axis1, axis2), axis=-1)
