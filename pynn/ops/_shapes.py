"""Ops that move entries about without computing: reshape, concatenate, index and their like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import _state
from pynn._dtypes import exact_numbers
from pynn._onnx import OnnxWriter
from pynn._rule_operand import apply_in_rule
from pynn._shape_rules import normalize_axes, normalize_axis
from pynn._tensor import Op, Shape, Tensor, apply, is_symbolic, shape_of, value_of
from pynn._weight import Weight
from pynn.ops._elementwise import cast

__all__ = [
    "batch_size",
    "concatenate",
    "expand_dims",
    "get_item",
    "identity",
    "ndim",
    "one_hot",
    "ones_like",
    "reshape",
    "reshape_rows",
    "shape",
    "split",
    "squeeze",
    "stack",
    "take",
    "transpose",
    "zeros_like",
]

_MOST_SECTIONS = 10_000  # of a split: each is a node of the model
_ENDLESS = 2**31 - 1  # beyond either end of an axis


def _resolve(shape: Shape, target: tuple[int, ...]) -> tuple[int, ...]:
    """Return the `target` of one row with its -1, if it has one, worked out."""
    size = math.prod(n for n in shape[1:] if n is not None)
    if target.count(-1) > 1:
        raise ValueError(f"a shape may have one -1. Received: {target}")
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
    return np.reshape(x, (len(x), *_resolve(np.shape(x), target)))


def _rows_of(shape: Shape, target: tuple[int, ...]) -> list[int]:
    """Return ONNX's target: -1 are the rows or, where a size is not known, 0, as they are."""
    if None in shape[1:]:
        return [0, *target]
    return [-1, *_resolve(shape, target)]


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


def _index_backward(grad: Any, out: Any, x: Any, key: Any) -> tuple[Any]:
    return (apply_in_rule(PUT, grad, x, key=key),)


def _put(values: Any, like: Any, key: Any) -> np.ndarray:
    full = np.zeros(np.shape(like), values.dtype)
    np.add.at(full, key, values)
    return full


def _index_in_onnx(w: OnnxWriter, x: Any, key: Any) -> str:
    x, shape = w.name_of(x), w.shape_of(x)
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is Ellipsis for k in keys):
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        taken = sum(_axes_of(k) for k in keys if k is not Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(shape) - taken)
    if any(isinstance(k, (list, np.ndarray)) for k in keys):
        return _places_in_onnx(w, x, shape, keys)
    whole, axis = slice(None), 0
    added: list[int] = []
    dropped: list[int] = []
    for k in keys:
        if k is None:
            added.append(axis - len(dropped) + len(added))
            continue
        if isinstance(k, slice):
            if k != whole:
                x = _slice_in_onnx(w, x, k, axis)
        else:
            x = w.node("Gather", x, w.integers([k]), axis=axis)
            dropped.append(axis)
        axis += 1
    x = w.node("Squeeze", x, w.integers(dropped)) if dropped else x
    return w.node("Unsqueeze", x, w.integers(added)) if added else x


def _axes_of(key: Any) -> int:
    """Return how many axes a part of an index is for."""
    if key is None:
        return 0
    return key.ndim if isinstance(key, np.ndarray) and key.dtype == bool else 1


def _slice_in_onnx(w: OnnxWriter, x: str, part: slice, axis: int) -> str:
    step = 1 if part.step is None else int(part.step)
    first, last = (0, _ENDLESS) if step > 0 else (_ENDLESS, -_ENDLESS)
    start = first if part.start is None else int(part.start)
    stop = last if part.stop is None else int(part.stop)
    return w.node("Slice", x, *(w.integers([n]) for n in (start, stop, axis, step)))


def _places_in_onnx(w: OnnxWriter, x: str, shape: Shape, keys: list[Any]) -> str:
    """Write an index with arrays: NumPy says which of a row's entries it takes."""
    sizes = [n for n in shape[1:] if n is not None]
    size = math.prod(sizes)
    known = 1 + len(sizes) == len(shape)
    places = np.arange(2 * size).reshape(2, *sizes)[tuple(keys)] if known else np.empty(0)
    if len(places) != 2 or not np.array_equal(places[1], places[0] + size):
        raise NotImplementedError(
            "an index with arrays has an ONNX twin where it takes all rows of the batch, and other "
            f"axes are of known size. Received: {keys!r:.80} of the shape {shape}"
        )
    flat = w.node("Reshape", x, w.integers([-1, size]))
    return w.node("Gather", flat, w.integers(places[0]), axis=1)


# The backward passes of INDEX and TAKE: zeros in a shape, with values added at places.
PUT = Op(
    "put",
    _put,
    lambda grad, out, values, like, key: (grad[key], None),
    lambda values, like, key: like,
)
PUT_TAKEN: Op = Op(
    "put_taken",
    lambda values, like, indices, axis: _put_taken(values, like, indices, axis),
    lambda grad, out, values, like, indices, axis: (
        apply_in_rule(TAKE, grad, indices, axis=axis, wraps=True),
        None,
        None,
    ),
    lambda values, like, indices, axis: like,
)


def _index_shape(shape: Shape, key: Any) -> Shape:
    # NumPy's own rule, on an array without entries, so that none is copied; an unknown size is
    # stood for by an odd number.
    unknown = 7919
    probe = np.empty((0, *(unknown if n is None else n for n in shape)), np.bool_)
    found = list(probe[(slice(None), *(key if isinstance(key, tuple) else (key,)))].shape)
    found.remove(0)
    return tuple(None if n == unknown else n for n in found)


INDEX = Op(
    "index",
    lambda x, key: np.asarray(x)[key],
    _index_backward,
    _index_shape,
    onnx=lambda w, x, key: _index_in_onnx(w, x, key),
)


def _expand_shape(shape: Shape, axis: int) -> Shape:
    axis = normalize_axis(axis, len(shape) + 1)
    return (*shape[:axis], 1, *shape[axis:])


def _squeeze_shape(shape: Shape, axis: Any) -> Shape:
    if axis is None:
        return tuple(n for n in shape if n != 1)
    axes = normalize_axes(axis, len(shape))
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
TAKE: Op = Op(
    "take",
    lambda x, indices, axis, wraps: np.take(
        x, _whole_numbers(indices, np.shape(x)[axis], wraps), axis=axis
    ),
    lambda grad, out, x, indices, axis, wraps: (
        apply_in_rule(PUT_TAKEN, grad, x, indices, axis=axis),
        None,
    ),
    lambda shape, indices, axis, wraps: (*shape[:axis], *indices, *shape[axis + 1 :]),
    onnx=lambda w, x, indices, axis, wraps: w.node("Gather", x, w.whole(indices), axis=axis),
)


def _whole_numbers(indices: Any, size: int, wraps: bool) -> np.ndarray:
    """Return indices as integers.

    Raises
    ------
    IndexError
        If they are none, lie outside, or count from the end unasked.
    """
    given = np.asarray(indices)
    lowest = -size if wraps else 0
    if given.dtype.kind not in "iufb":
        raise IndexError(f"indices must be whole numbers. Received: dtype={given.dtype}")
    if given.dtype.kind == "f" and size > exact_numbers(given.dtype):
        raise IndexError(
            f"{given.dtype} has all whole numbers up to {exact_numbers(given.dtype)}, which are "
            f"too few for {size} entries. Compute in float64"
        )
    wrong = np.not_equal(np.floor(given), given)  # NaN, too
    wrong |= (given < lowest) | (given >= size)
    if wrong.any():
        raise IndexError(
            f"indices must be whole numbers in [{lowest}, {size}). Received: {given[wrong].flat[0]}"
        )
    return given.astype(np.int64)


def _put_taken(grad: Any, like: Any, indices: Any, axis: int) -> np.ndarray:
    full = np.zeros(np.shape(like), np.asarray(grad).dtype)
    indices = np.asarray(indices).astype(np.int64)
    moved = np.moveaxis(np.asarray(grad), range(axis, axis + indices.ndim), range(indices.ndim))
    np.add.at(np.moveaxis(full, axis, 0), indices, moved)
    return full


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


def get_item(x: Any, key: Any) -> Any:
    """Return ``x[key]``, for any index that NumPy takes and that has no tensor in it."""
    return apply(INDEX, x, key=key)


def expand_dims(x: Any, axis: int) -> Any:
    """Return `x` with an axis of size 1 put in at `axis`.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.expand_dims([1.0, 2.0], axis=-1).shape
    (2, 1)
    """
    return apply(EXPAND_DIMS, x, axis=axis)


def squeeze(x: Any, axis: int | None = None) -> Any:
    """Return `x` without the axis of size 1 at `axis`, or without all such axes."""
    return apply(SQUEEZE, x, axis=axis)


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Cut `x` into equal sections, or before the given positions, along an axis of known size.

    Examples
    --------
    >>> from pynn import ops
    >>> [part.shape for part in ops.split(ops.zeros((4, 6)), 3, axis=-1)]
    [(4, 2), (4, 2), (4, 2)]
    """
    axis = normalize_axis(axis, len(shape_of(x)))
    size = shape_of(x)[axis]
    if size is None:
        raise ValueError(f"split needs an axis of known size. Received: shape={shape_of(x)}")
    if isinstance(indices_or_sections, int):
        if not 1 <= indices_or_sections <= _MOST_SECTIONS or size % indices_or_sections:
            raise ValueError(
                f"an axis of size {size} cannot be cut into {indices_or_sections} equal sections"
            )
        step = size // indices_or_sections
        cuts = list(range(step, size, step))
    else:
        cuts = list(indices_or_sections)
    edges = [0, *cuts, size]
    before = (slice(None),) * axis
    return [get_item(x, (*before, slice(a, b))) for a, b in zip(edges[:-1], edges[1:], strict=True)]


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


def take(x: Any, indices: Any, axis: int | None = None, wraps: bool = True) -> Any:
    """Return the entries of `x` along `axis` that `indices` names.

    None takes from the flat entries; with `wraps` -1 is the last.
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = normalize_axis(axis, len(shape_of(x)))
    if axis == 0 and isinstance(x, Weight):
        x.is_table = True
    return apply(TAKE, x, indices, axis=axis, wraps=wraps)
