"""Shape arithmetic that several ops share. None stands for the rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn._allocation import check_row
from pynn._number_checks import is_integer
from pynn._tensor import Shape


def same(shape: Shape, *_: Shape, **params: Any) -> Shape:
    """Return the shape of the first value."""
    return shape


def broadcast(*shapes: Shape, **params: Any) -> Shape:
    """Apply NumPy's broadcasting; an unknown size goes with 1 and itself, and wins over numbers."""
    out: list[int | None] = []
    for i in range(max(map(len, shapes))):
        sizes = {shape[-1 - i] for shape in shapes if i < len(shape)} - {1}
        if None in sizes:
            out.append(None)
        elif len(sizes) > 1:
            raise ValueError(f"shapes do not broadcast. Received: {', '.join(map(str, shapes))}")
        else:
            out.append(sizes.pop() if sizes else 1)
    return tuple(reversed(out))


def normalize_axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return `axis` as sorted non-negative numbers; None stands for all of them."""
    if axis is None:
        return tuple(range(ndim))
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    return tuple(sorted(normalize_axis(a, ndim) for a in axes))


def normalize_axis(axis: int, ndim: int) -> int:
    """Return `axis` as a number that is not negative."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis must be in [{-ndim}, {ndim}). Received: axis={axis}")
    return int(axis) % ndim


def reduced(shape: Shape, *, axis: Any = None, keepdims: bool = False, **params: Any) -> Shape:
    """Return the shape after a reduction over `axis`."""
    axes = normalize_axes(axis, len(shape))
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def unbroadcast(grad: Any, like: Any) -> Any:
    """Sum `grad` over what broadcasting added to the shape of `like`."""
    shape = np.shape(like)
    if grad.shape == shape:
        return grad
    added = tuple(range(grad.ndim - len(shape)))
    if added:
        grad = grad.sum(axis=added)
    kept = tuple(i for i, n in enumerate(shape) if n == 1 and grad.shape[i] != 1)
    return grad.sum(axis=kept, keepdims=True) if kept else grad


def broadcast_like(value: Any, like: Any) -> Any:
    """Return `value` repeated to have the shape of `like`."""
    shape = np.shape(like)
    if None in shape:
        return value * np.ones_like(like)
    if not isinstance(value, (np.ndarray, np.generic)):
        return np.broadcast_to(value, shape)
    whole = np.empty(shape, value.dtype)  # np.broadcast_to takes four times as long
    whole[...] = value
    return whole


def checked_row_shape(shape: Any, owner: str) -> tuple[int, ...]:
    """Return the shape of one row as a tuple of integers.

    Raises
    ------
    ValueError
        If an entry is unknown or not positive.
    """
    if is_integer(shape):
        shape = (shape,)
    shape = tuple(shape)
    if None in shape:
        raise ValueError(
            f"the input shape of {owner} must be known in every axis, as all rows of a model have "
            "one length here: pad them to the longest, or make each part a row of its own. "
            f"Received: shape={shape}"
        )
    valid = [is_integer(n) and n > 0 for n in shape]
    if not all(valid):
        raise ValueError(
            f"the input shape of {owner} must be positive integers, without the batch. "
            f"Received: shape={shape}"
        )
    check_row(shape, owner)
    return tuple(int(n) for n in shape)
