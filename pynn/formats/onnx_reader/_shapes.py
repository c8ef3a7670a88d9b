"""Operators that move entries, and compute with shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn import layers, ops
from pynn.formats.onnx_reader._call import Call, Operators, Sizes, row_of
from pynn.ops import Tensor

OPERATORS = Operators()


def _sizes(values: Any) -> Sizes:
    return np.asarray(values, np.int64).view(Sizes)


@OPERATORS.reads("Constant")
def _constant(call: Call) -> Any:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        value = call.attribute(name)
        if value is not None:
            return np.asarray(value)
    raise ValueError("a constant must be numbers")


@OPERATORS.reads("Shape")
def _shape(call: Call) -> Any:
    if isinstance(call[0], Sizes):
        return np.array([len(call[0])])
    shape = ops.shape(call.tensor())
    stop = call.attribute("end", len(shape))
    sizes = [-1 if n is None else n for n in shape][call.attribute("start", 0) : stop]
    return _sizes(sizes) if isinstance(call[0], Tensor) else np.asarray(sizes)


@OPERATORS.reads("ConstantOfShape")
def _constant_of_shape(call: Call) -> Any:
    value = call.attribute("value", np.zeros(1, call.dtype))
    shape = [int(n) for n in np.ravel(call.constant(0, "shape"))]
    if -1 in shape:  # a row of it is the same for all rows
        shape[shape.index(-1)] = 1
    call.check_size(math.prod(shape))
    return np.full(shape, np.ravel(value)[0])


def _target(call: Call, x: Any, given: Any) -> list[int]:
    """Return a shape that is asked for, with -1 for the rows of a batch."""
    shape = [int(n) for n in np.ravel(given)]
    old = ops.shape(x)
    if not call.attribute("allowzero", 0):
        shape = [(-1 if old[i] is None else old[i]) if n == 0 else n for i, n in enumerate(shape)]
    if isinstance(x, Tensor) and old and old[0] is None and shape:
        row = math.prod(n for n in old[1:] if n is not None)
        if shape[0] == call.rows and shape[0] != -1:
            shape[0] = -1
        if shape[0] == -1 and -1 in shape[1:]:
            at = shape.index(-1, 1)
            rest = -math.prod(shape[1:])
            shape[at] = row // rest if rest else 0
    return shape


@OPERATORS.reads("Reshape")
def _reshape(call: Call) -> Any:
    x = call[0]
    if isinstance(x, Sizes):
        return x.reshape([int(n) for n in np.ravel(call.constant(1, "shape"))])
    given = call.constant(1, "shape")
    given = call.attribute("shape") if given is None else given
    target = _target(call, call.tensor(), given)
    if isinstance(x, Tensor) and x.shape and x.shape[0] is None:
        if target[:1] != [-1] or target == [-1] and math.prod(row_of(x)) != 1:
            raise ValueError(f"it must keep the rows of the batch. Received: shape={target}")
        if len(x.shape) > 2 and len(target) == 2:
            return (
                layers.Flatten()(x) if target[1] == math.prod(row_of(x)) else _reshaped(x, target)
            )
        return x if target[1:] == list(x.shape[1:]) else _reshaped(x, target)
    return np.reshape(x, target) if isinstance(x, np.ndarray) else ops.reshape(x, target)


def _reshaped(x: Tensor, target: Sequence[int]) -> Any:
    if len(target) > 1:
        return layers.Reshape(tuple(target[1:]))(x)
    return ops.reshape(x, (-1,))


@OPERATORS.reads("Flatten")
def _flatten(call: Call) -> Any:
    x, axis = call.tensor(), int(call.attribute("axis", 1))
    if not isinstance(x, Tensor):
        return np.reshape(x, (math.prod(x.shape[:axis]), -1))
    if axis % len(x.shape) != 1:
        raise ValueError(f"it must keep the rows of the batch. Received: axis={axis}")
    return x if len(x.shape) == 2 else layers.Flatten()(x)


@OPERATORS.reads("Squeeze")
def _squeeze(call: Call) -> Any:
    x, axes = call[0], call.axes()
    if isinstance(x, (Sizes, np.ndarray)):
        return np.squeeze(x, None if axes is None else tuple(axes))
    x = call.tensor()
    rank = len(x.shape)
    places = [i for i, n in enumerate(x.shape) if n == 1] if axes is None else axes
    for axis in sorted((axis % rank for axis in places), reverse=True):
        x = ops.squeeze(x, axis)
    return x


@OPERATORS.reads("Unsqueeze")
def _unsqueeze(call: Call) -> Any:
    x, axes = call[0], call.axes() or []
    if isinstance(x, (Sizes, np.ndarray)):
        return np.expand_dims(x, tuple(axes))
    x = call.tensor()
    rank = len(x.shape) + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = ops.expand_dims(x, axis)
    return x


@OPERATORS.reads("Transpose")
def _transpose(call: Call) -> Any:
    x, order = call.tensor(), call.attribute("perm")
    order = list(range(len(ops.shape(x))))[::-1] if order is None else [int(a) for a in order]
    return ops.transpose(x, order) if isinstance(x, Tensor) else np.transpose(x, order)


@OPERATORS.reads("Concat")
def _concat(call: Call) -> Any:
    axis = int(call.attribute("axis", 0))
    if any(isinstance(x, Sizes) for x in call.inputs):
        return np.concatenate([np.atleast_1d(x) for x in call.inputs]).view(Sizes)
    values = [call.tensor(i) for i in range(len(call.inputs))]
    if not any(isinstance(x, Tensor) for x in values):
        call.check_size(sum(np.size(x) for x in values))
        return np.concatenate(values, axis)
    if axis % len(ops.shape(values[0])) == 0:
        raise ValueError("it joins rows of the batch")
    if all(isinstance(x, Tensor) for x in values) and len(values) > 1:
        return layers.Concatenate(axis=axis)(values)
    like = next(x for x in values if isinstance(x, Tensor))
    rows = ops.ones_like(ops.cast(like, call.dtype))
    full = [x if isinstance(x, Tensor) else _for_each_row(x, rows) for x in values]
    return ops.concatenate(full, axis)


def _for_each_row(x: np.ndarray, ones: Any) -> Any:
    """Return a constant as a tensor with the rows of another."""
    first = ops.get_item(ones, (slice(None), *[slice(0, 1)] * (len(ones.shape) - 1)))
    return ops.multiply(first, x)


@OPERATORS.reads("Split")
def _split(call: Call) -> Any:
    x, axis = call.tensor(), int(call.attribute("axis", 0))
    axis %= len(ops.shape(x))
    sizes = call.constant(1, "split")
    sizes = call.attribute("split") if sizes is None else sizes
    length = ops.shape(x)[axis]
    if length is None:
        raise ValueError("it takes rows of the batch apart")
    if sizes is None:
        each = -(-length // call.n_outputs)
        edges = [min(i * each, length) for i in range(call.n_outputs + 1)]
    else:
        edges = [0, *np.cumsum([int(n) for n in np.ravel(sizes)]).tolist()]
    before = (slice(None),) * axis
    return [
        ops.get_item(x, (*before, slice(a, b))) for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]


@OPERATORS.reads("Slice")
def _slice(call: Call) -> Any:
    x = call[0]
    given = [call.constant(i, "positions") for i in range(1, 5)]
    starts = call.attribute("starts") if given[0] is None else given[0]
    stops = call.attribute("ends") if given[1] is None else given[1]
    axes = call.attribute("axes") if given[2] is None else given[2]
    starts, stops = np.ravel(starts), np.ravel(stops)
    axes = range(len(starts)) if axes is None else np.ravel(axes)
    steps = np.ones(len(starts), int) if given[3] is None else np.ravel(given[3])
    rank = np.ndim(x) if isinstance(x, np.ndarray) else len(ops.shape(call.tensor()))
    parts = [slice(None)] * rank
    for start, stop, axis, step in zip(starts, stops, axes, steps, strict=True):
        end: int | None = int(stop)
        if step < 0 and end is not None and end < -(2**31) + 2:
            end = None
        parts[int(axis) % rank] = slice(int(start), end, int(step))
    if isinstance(x, np.ndarray):
        return x[tuple(parts)]
    parts = [_plain_slice(part, n) for part, n in zip(parts, x.shape, strict=True)]
    if parts[0] != slice(None):
        raise ValueError("it takes some rows of the batch")
    return x if all(part == slice(None) for part in parts) else ops.get_item(x, tuple(parts))


def _plain_slice(part: slice, length: int | None) -> slice:
    if length is None:
        whole = part.start in (0, None) and (part.stop is None or part.stop >= 2**31 - 1)
        return slice(None) if whole and part.step in (1, None) else part
    return slice(None) if list(range(length))[part] == list(range(length)) else part


@OPERATORS.reads("Gather")
def _gather(call: Call) -> Any:
    x, places, axis = call[0], call[1], int(call.attribute("axis", 0))
    if isinstance(x, np.ndarray) and not isinstance(places, Tensor):
        call.check_size(np.size(places) * max(1, x.size // max(1, x.shape[axis])))
        taken = np.take(np.asarray(x), np.asarray(places, np.int64), axis)
        return np.asarray(taken).view(Sizes) if isinstance(x, Sizes) else taken
    x = call.tensor()
    if isinstance(x, np.ndarray):
        if axis != 0 or x.ndim != 2:
            raise ValueError("a table that is looked up in must be a matrix of vectors")
        layer = layers.Embedding(*x.shape, dtype=call.dtype)
        made = layer(places)
        layer.set_weights([x])
        return made
    if isinstance(places, Tensor):
        raise ValueError("its places must be constant")
    axis %= len(x.shape)
    if axis == 0:
        raise ValueError("it takes some rows of the batch")
    places = np.asarray(places, np.int64)
    key = int(places) if places.ndim == 0 else places
    return ops.get_item(x, (*[slice(None)] * axis, key))


@OPERATORS.reads("Expand")
def _expand(call: Call) -> Any:
    x, shape = call.tensor(), [int(n) for n in np.ravel(call.constant(1, "shape"))]
    if isinstance(x, Tensor):
        own = ops.shape(x)
        shape = [1] * (len(own) - len(shape)) + shape
        if shape[0] not in (-1, 1, call.rows) or len(shape) > len(own):
            raise ValueError(f"it repeats rows of the batch. Received: shape={shape}")
        if all(n in (1, m, -1) for n, m in zip(shape[1:], own[1:], strict=True)):
            return x
        return ops.multiply(x, np.ones([1, *(abs(n) for n in shape[1:])], call.dtype))
    shape = [1 if n == -1 else n for n in shape]
    full = np.broadcast_shapes(x.shape, tuple(shape))
    call.check_size(math.prod(full))
    return np.broadcast_to(x, full).copy()


@OPERATORS.reads("Pad")
def _pad(call: Call) -> Any:
    x = call.tensor()
    widths = call.constant(1, "widths")
    widths = np.ravel(call.attribute("pads") if widths is None else widths).reshape(2, -1).T
    if call.attribute("mode", "constant") != "constant" or call[3] is not None:
        raise ValueError("it is read with constants, for all axes")
    if not isinstance(x, Tensor):
        call.check_size(math.prod(n + int(w.sum()) for n, w in zip(x.shape, widths, strict=True)))
    fill = call.constant(2, "fill")
    return ops.pad(x, widths.tolist(), constant_values=0.0 if fill is None else float(fill))
