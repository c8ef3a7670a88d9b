"""Ops that move entries about without computing: reshape, concatenate, transpose and their like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _state
from pynn._shape_rules import normalize_axes, normalize_axis
from pynn._tensor import Op, Shape, Tensor, apply, is_symbolic, shape_of, value_of
from pynn.ops._elementwise import cast

__all__ = [
    "batch_size",
    "concatenate",
    "expand_dims",
    "identity",
    "ndim",
    "one_hot",
    "ones_like",
    "reshape",
    "reshape_rows",
    "shape",
    "squeeze",
    "stack",
    "transpose",
    "zeros_like",
]


def _resolve(shape: Shape, target: tuple[int, ...]) -> Shape:
    """Return the `target` of one row with its -1, if it has one, worked out.

    Of a row of unknown size, what -1 stands for is unknown.
    """
    if target.count(-1) > 1:
        raise ValueError(f"a shape may have one -1. Received: {target}")
    sizes = [n for n in shape[1:] if n is not None]
    if len(sizes) < len(shape) - 1:
        return tuple(None if n == -1 else n for n in target)
    size = math.prod(sizes)
    if -1 in target:
        rest = -math.prod(target)
        if rest == 0 or size % rest:
            raise ValueError(f"cannot give rows of shape {shape[1:]} the shape {target}")
        target = tuple(size // rest if n == -1 else n for n in target)
    if math.prod(target) != size:
        raise ValueError(
            f"cannot give rows of shape {shape[1:]}, {size} entries, the shape {target}, "
            f"{math.prod(target)} entries"
        )
    return target


def _reshape_rows(x: Any, target: tuple[int, ...]) -> np.ndarray:
    return np.reshape(x, (len(x), *_resolve(np.shape(x), target)))  # type: ignore[arg-type]


def _rows_of(shape: Shape, target: tuple[int, ...]) -> list[int]:
    """Return ONNX's target: -1 are the rows or, where a size is not known, 0, as they are."""
    known = [n for n in _resolve(shape, target) if n is not None]
    return [-1, *known] if len(known) == len(target) else [0, *target]


# Keeps the rows of the batch apart: free of charge in a model, whose rows are flat anyway.
RESHAPE_ROWS = Op(
    "reshape_rows",
    _reshape_rows,
    lambda grad, out, x, target: (np.reshape(grad, np.shape(x)),),
    lambda shape, target: (shape[0], *_resolve(shape, target)),
    onnx=lambda w, x, target: w.node("Reshape", x, w.integers(_rows_of(w.shape_of(x), target))),
)
RESHAPE = Op(
    "reshape",
    np.reshape,
    lambda grad, out, x, shape: (np.reshape(grad, np.shape(x)),),
    lambda old, shape: tuple(None if n == -1 else n for n in shape),
    onnx=lambda w, x, shape: w.node("Reshape", x, w.integers(shape)),
)
IDENTITY = Op(
    "identity",
    lambda x: x,
    lambda grad, out, x: (grad,),
    lambda shape: shape,
    onnx=lambda w, x: x,
)


def _concatenate_backward(grad: Any, out: Any, *values: Any, axis: int) -> list[np.ndarray]:
    sizes = [np.shape(value)[axis] for value in values]
    return np.split(grad, np.cumsum(sizes)[:-1], axis=axis)


def _concatenate_shape(*shapes: Shape, axis: int) -> Shape:
    ndim = len(shapes[0])
    axis = normalize_axis(axis, ndim)
    for shape in shapes:
        if len(shape) != ndim or any(
            a != b and None not in (a, b)
            for i, (a, b) in enumerate(zip(shape, shapes[0], strict=True))
            if i != axis
        ):
            raise ValueError(
                f"what is concatenated must agree in all axes but axis={axis}. "
                f"Received: shapes {', '.join(map(str, shapes))}"
            )
    sizes = [shape[axis] for shape in shapes]
    total = None if None in sizes else sum(n for n in sizes if n is not None)
    return tuple(total if i == axis else n for i, n in enumerate(shapes[0]))


CONCATENATE = Op(
    "concatenate",
    lambda *values, axis: np.concatenate(values, axis=axis),
    _concatenate_backward,
    _concatenate_shape,
    onnx=lambda w, *xs, axis: w.node("Concat", *xs, axis=axis),
)


def _transpose_backward(grad: Any, out: Any, x: Any, axes: Any) -> tuple[np.ndarray]:
    return (np.transpose(grad, None if axes is None else np.argsort(axes)),)


TRANSPOSE = Op(
    "transpose",
    np.transpose,
    _transpose_backward,
    lambda shape, axes: tuple(shape[a] for a in (axes or range(len(shape))[::-1])),
    onnx=lambda w, x, axes: w.node("Transpose", x, **({} if axes is None else {"perm": axes})),
)


def _expand_shape(shape: Shape, axis: int) -> Shape:
    axis = normalize_axis(axis, len(shape) + 1)
    return (*shape[:axis], 1, *shape[axis:])


def _squeeze_shape(shape: Shape, axis: Any) -> Shape:
    if axis is None:
        return tuple(n for n in shape if n != 1)
    axes = normalize_axes(axis, len(shape))
    if any(shape[i] != 1 for i in axes):
        raise ValueError(f"squeeze drops axes of size 1. Received: axis={axis}, shape={shape}")
    return tuple(n for i, n in enumerate(shape) if i not in axes)


EXPAND_DIMS = Op(
    "expand_dims",
    np.expand_dims,
    lambda grad, out, x, axis: (np.reshape(grad, np.shape(x)),),
    _expand_shape,
    onnx=lambda w, x, axis: w.node("Unsqueeze", x, w.integers([axis])),
)
SQUEEZE = Op(
    "squeeze",
    np.squeeze,
    lambda grad, out, x, axis: (np.reshape(grad, np.shape(x)),),
    _squeeze_shape,
    onnx=lambda w, x, axis: w.node(
        "Squeeze",
        x,
        w.integers(
            [i for i, n in enumerate(w.shape_of(x)) if n == 1]
            if axis is None
            else normalize_axes(axis, len(w.shape_of(x)))
        ),
    ),
)
SHAPE_LIKE = Op(
    "ones_like",
    lambda x, fill: np.full(np.shape(x), fill, np.asarray(x).dtype),
    None,
    lambda shape, fill: shape,
    onnx=lambda w, x, fill: w.filled(w.name_of(x), fill),
)
ONE_HOT = Op(
    "one_hot",
    lambda x, num_classes, dtype: np.equal(
        np.asarray(x)[..., None].astype(np.int64), np.arange(num_classes)
    ).astype(dtype),
    None,
    lambda shape, num_classes, dtype: (*shape, num_classes),
    onnx=lambda w, x, num_classes, dtype: w.cast(
        w.node(
            "Equal",
            w.node("Unsqueeze", w.whole(x), w.integers([-1])),
            w.integers(np.arange(num_classes)),
        )
    ),
)
BATCH_SIZE = Op(
    "batch_size",
    lambda x: float(len(x)),
    None,
    lambda shape: (),
    onnx=lambda w, x: w.cast(w.node("Gather", w.node("Shape", x), w.integers(0))),
)


def identity(x: Any) -> Any:
    """Return `x` under a history of its own."""
    return apply(IDENTITY, x)


def reshape_rows(x: Any, target_shape: Sequence[int]) -> Any:
    """Give each row of a batch another shape; one size may be -1.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.reshape_rows([[1.0, 2.0, 3.0, 4.0]], (2, 2)).shape
    (1, 2, 2)
    """
    return apply(RESHAPE_ROWS, x, target=tuple(target_shape))


def reshape(x: Any, newshape: Sequence[int]) -> Any:
    """Return `x` with another shape, the batch's axis included; one size may be -1.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.reshape([[1.0, 2.0, 3.0, 4.0]], (2, -1))
    array([[1., 2.],
           [3., 4.]])
    """
    target = tuple(newshape) if isinstance(newshape, (list, tuple)) else (newshape,)
    if target.count(-1) > 1:
        raise ValueError(f"a shape may have one -1. Received: {target}")
    old = shape_of(x)
    if is_symbolic(x) and target and target[0] in (-1, None) and -1 not in target[1:]:
        row = math.prod(n for n in old[1:] if n is not None)
        if old[0] is None and None not in old[1:] and math.prod(target[1:]) == row:
            return apply(RESHAPE_ROWS, x, target=target[1:])
    target = tuple(-1 if n is None else n for n in target)
    return apply(RESHAPE, x, shape=target)


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Join tensors or arrays along an axis that exists; features are ``axis=-1``.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.concatenate([[[1.0], [2.0]], [[3.0], [4.0]]], axis=-1)
    array([[1., 3.],
           [2., 4.]])
    """
    axis = normalize_axis(axis, len(shape_of(xs[0])))
    return apply(CONCATENATE, *xs, axis=axis)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Join tensors or arrays along a new axis.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.stack([[1.0, 2.0], [3.0, 4.0]], axis=-1)
    array([[1., 3.],
           [2., 4.]])
    """
    return concatenate([expand_dims(each, axis) for each in x], axis=axis)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Return `x` with its axes in another order, reversed by default."""
    return apply(TRANSPOSE, x, axes=None if axes is None else tuple(axes))


def expand_dims(x: Any, axis: int) -> Any:
    """Return `x` with an axis of size 1 put in at `axis`.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.expand_dims([1.0, 2.0], axis=-1).shape
    (2, 1)
    """
    return apply(EXPAND_DIMS, x, axis=axis)


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Return `x` without the axis of size 1 at `axis`, or without all such axes."""
    if axis is None:  # as the shape says: a batch of one row keeps its axis
        axis = tuple(i for i, n in enumerate(shape_of(x)) if n == 1)
    return apply(SQUEEZE, x, axis=axis)


def shape(x: Any) -> tuple[Any, ...]:
    """Return the shape of `x`; None stands for rows that are not known yet.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.shape(ops.zeros((4, 6)))
    (4, 6)
    """
    return shape_of(x)


def ndim(x: Any) -> int:
    """Return the number of dimensions of `x`."""
    return len(shape_of(x))


def batch_size(x: Any) -> Any:
    """Return the number of rows of `x`, as a float."""
    return apply(BATCH_SIZE, x)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Return ones in the shape of `x`, and of its type unless another is given."""
    ones = apply(SHAPE_LIKE, x, fill=1)
    return ones if dtype is None else cast(ones, dtype)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros in the shape of `x`, and of its type unless another is given."""
    zeros = apply(SHAPE_LIKE, x, fill=0)
    return zeros if dtype is None else cast(zeros, dtype)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """Return a 1 at the position along a new axis that each entry of `x` names, and 0 elsewhere.

    The type is `pynn.backend.floatx()` unless given.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.one_hot([0, 2], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    name = np.dtype(dtype or _state.floatx()).name
    if not isinstance(x, Tensor):
        x = np.asarray(value_of(x))
    hot = apply(ONE_HOT._replace(dtype=name), x, num_classes=num_classes, dtype=name)
    order = list(range(len(shape_of(x))))
    axis = normalize_axis(axis, len(order) + 1)
    if axis == len(order):
        return hot
    order.insert(axis, len(order))
    return transpose(hot, order)
