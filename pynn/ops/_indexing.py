"""Ops that take parts of an array: those that an index, places along an axis or cuts name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn._dtypes import exact_numbers
from pynn._onnx import OnnxWriter
from pynn._rule_operand import apply_in_rule
from pynn._shape_rules import normalize_axis
from pynn._tensor import Op, Shape, apply, shape_of
from pynn._weight import Weight
from pynn.ops._shapes import reshape

__all__ = ["get_item", "split", "take"]

_MOST_SECTIONS = 10_000  # of a split: each is a node of the model
_ENDLESS = 2**31 - 1  # beyond either end of an axis


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
    known = 1 + len(sizes) == len(shape) and _index_shape(shape, tuple(keys))[:1] == (None,)
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


def get_item(x: Any, key: Any) -> Any:
    """Return ``x[key]``, for any index that NumPy takes and that has no tensor in it."""
    return apply(INDEX, x, key=key)


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
