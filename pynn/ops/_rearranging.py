"""Functions that move, repeat and join entries by way of other ops."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn._allocation import check_row
from pynn._shape_rules import broadcast, normalize_axes, normalize_axis
from pynn._tensor import is_symbolic, shape_of
from pynn.ops._creation import zeros
from pynn.ops._elementwise import add, subtract, where
from pynn.ops._indexing import get_item, split
from pynn.ops._inspection import dtype
from pynn.ops._shapes import concatenate, expand_dims, ones_like, reshape, transpose

__all__ = [
    "append",
    "array_split",
    "broadcast_to",
    "diff",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "meshgrid",
    "moveaxis",
    "pad",
    "ravel",
    "repeat",
    "roll",
    "slice",
    "slice_update",
    "swapaxes",
    "tile",
    "unstack",
    "vsplit",
    "vstack",
]


def broadcast_to(x: Any, shape: Any) -> Any:
    """Return `x` repeated along axes of size 1, and new ones in front, to have that shape."""
    shape = tuple(shape)
    if is_symbolic(x):
        check_row(shape, "broadcast_to")
    if broadcast(shape_of(x), shape) != shape:
        raise ValueError(f"{shape_of(x)} does not broadcast to {shape}")
    return add(x, zeros(shape, dtype(x)))


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Return `x` with the axes `source` at the places `destination`."""
    ndim = len(shape_of(x))
    listed = [[axis] if isinstance(axis, int) else list(axis) for axis in (source, destination)]
    froms, tos = ([normalize_axis(axis, ndim) for axis in axes] for axes in listed)
    order = [axis for axis in range(ndim) if axis not in froms]
    for to, origin in builtins.sorted(zip(tos, froms, strict=True)):
        order.insert(to, origin)
    return transpose(x, order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Return `x` with two axes in each other's place."""
    order = list(range(len(shape_of(x))))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def ravel(x: Any) -> Any:
    """Return the entries of `x` along one axis."""
    return reshape(x, (-1,))


def flip(x: Any, axis: Any = None) -> Any:
    """Return `x` with its entries in reverse along `axis`, along all axes where it is None."""
    axes = normalize_axes(axis, len(shape_of(x)))
    turns = (builtins.slice(None, None, -1 if i in axes else None) for i in range(len(shape_of(x))))
    return get_item(x, tuple(turns))


def fliplr(x: Any) -> Any:
    """Return `x` with its second axis in reverse."""
    return flip(x, 1)


def flipud(x: Any) -> Any:
    """Return `x` with its first axis in reverse."""
    return flip(x, 0)


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Return `x` with entries moved `shift` places along `axis`, from the end to the beginning.

    Both may be sequences, of one length or one of them a number; None moves the flat entries.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.roll([1.0, 2.0, 3.0], 1)
    array([3., 1., 2.])
    """
    if isinstance(axis, (list, tuple)) or isinstance(shift, (list, tuple)):
        pairs = np.broadcast_arrays(shift, 0 if axis is None else axis)
        for places, along in zip(*map(np.ravel, pairs), strict=True):
            x = roll(x, int(places), None if axis is None else int(along))
        return x
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), [-1 if n is None else n for n in shape_of(x)])
    length = shape_of(x)[axis]
    if length is None:
        raise ValueError(f"roll needs an axis of known size. Received: shape={shape_of(x)}")
    return _take_places(x, (np.arange(length) - shift) % builtins.max(length, 1), axis)


def _check_length(x: Any, axis: int, length: int) -> None:
    """Check that a tensor with that length along an axis may be recorded."""
    if is_symbolic(x):
        shape = list(shape_of(x))
        shape[axis] = length
        check_row(shape, "this function of pynn.ops")


def _take_places(x: Any, places: np.ndarray, axis: int) -> Any:
    before = (builtins.slice(None),) * normalize_axis(axis, len(shape_of(x)))
    return get_item(x, (*before, places))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Return `x` with each entry along `axis` so many times; None repeats the flat entries.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.repeat([1.0, 2.0], 2)
    array([1., 1., 2., 2.])
    """
    if axis is None:
        x, axis = ravel(x), 0
    length = shape_of(x)[axis]
    if length is None:
        raise ValueError(f"repeat needs an axis of known size. Received: shape={shape_of(x)}")
    counts = np.broadcast_to(np.asarray(repeats), length)
    _check_length(x, axis, int(counts.sum()))
    return _take_places(x, np.repeat(np.arange(length), counts), axis)


def tile(x: Any, repeats: Any) -> Any:
    """Return copies of `x` beside one another, so many along each axis, the last one last.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.tile([1.0, 2.0], 2)
    array([1., 2., 1., 2.])
    """
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    for _ in range(len(counts) - len(shape_of(x))):
        x = expand_dims(x, 0)
    counts = [1] * (len(shape_of(x)) - len(counts)) + counts
    for axis, count in enumerate(counts):
        if count == 1:
            continue
        length = shape_of(x)[axis]
        if count is None and length == 1:  # a row, for each of the batch
            sizes = list(shape_of(x))
            sizes[axis] = None
            x = broadcast_to(x, sizes)
            continue
        if length is None or count is None:
            raise ValueError(f"tile leaves an axis of unknown size alone. Received: {repeats}")
        _check_length(x, axis, length * count)
        x = _take_places(x, np.tile(np.arange(length), count), axis)
    return x


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Return `x` with entries put before and after it along each axis.

    Parameters
    ----------
    x : tensor or array
    pad_width : int, (before, after), or a sequence of them for each axis
    mode : {"constant", "reflect", "symmetric", "edge"}, default="constant"
        What is put there: a constant, or entries of `x` as NumPy's function takes them.
    constant_values : float, default=None
        None stands for 0.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.pad([1.0, 2.0], (1, 2))
    array([0., 1., 2., 0., 0.])
    """
    shape = shape_of(x)
    widths = np.broadcast_to(np.asarray(pad_width), (len(shape), 2))
    for axis, (before, after) in enumerate(widths.tolist()):
        if not before and not after:
            continue
        length = shape[axis]
        if length is None:
            raise ValueError(f"pad leaves an axis of unknown size alone. Received: shape={shape}")
        _check_length(x, axis, length + before + after)
        padded: Any = np.pad
        options = {"constant_values": -1} if mode == "constant" else {}
        places = padded(np.arange(length), (before, after), mode, **options)
        x = _take_places(x, np.maximum(places, 0), axis)
        if mode == "constant":
            inside = np.reshape(places >= 0, [-1 if i == axis else 1 for i in range(len(shape))])
            x = where(inside, x, 0 if constant_values is None else constant_values)
    return x


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """Return `x2` after `x1` along `axis`; None joins the flat entries."""
    return concatenate([ravel(x1), ravel(x2)] if axis is None else [x1, x2], axis or 0)


def hstack(xs: Sequence[Any]) -> Any:
    """Join along the second axis, or the only one."""
    return concatenate(xs, axis=0 if len(shape_of(xs[0])) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Join along the first axis; what has one axis is a row."""
    return concatenate([expand_dims(x, 0) if len(shape_of(x)) == 1 else x for x in xs], axis=0)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """Return the entries of `x` along an axis of known size, or `num`, without that axis."""
    count = shape_of(x)[axis] if num is None else num
    if count is None:
        raise ValueError(f"unstack needs an axis of known size. Received: shape={shape_of(x)}")
    before = (builtins.slice(None),) * normalize_axis(axis, len(shape_of(x)))
    return [get_item(x, (*before, i)) for i in range(count)]


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Return the differences of neighbours along `axis`, `n` times.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.diff([1.0, 4.0, 9.0])
    array([3., 5.])
    """
    before = (builtins.slice(None),) * normalize_axis(axis, len(shape_of(a)))
    for _ in range(n):
        following, present = (builtins.slice(1, None),), (builtins.slice(None, -1),)
        a = subtract(get_item(a, before + following), get_item(a, before + present))
    return a


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Return the coordinates of the points of a grid.

    Parameters
    ----------
    *x : array, shape (n_i,)
        The coordinates along each axis.
    indexing : {"xy", "ij"}, default="xy"
        Whether the first two axes of the results are those of `x` in exchange, as in pictures.
    """
    order = list(range(len(x)))
    if indexing == "xy":
        order[:2] = order[:2][::-1]
    sizes = [shape_of(x[i])[0] for i in order]
    return [
        broadcast_to(reshape(each, [-1 if i == own else 1 for i in order]), sizes)
        for own, each in enumerate(x)
    ]


# ---- parts


def slice(inputs: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Any:
    """Return the entries from `start_indices` on, so many along each axis; None takes the rest.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.slice([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [0, 1], [2, 2])
    array([[2., 3.],
           [5., 6.]])
    """
    return get_item(inputs, tuple(map(builtins.slice, start_indices, _ends(start_indices, shape))))


def _ends(starts: Sequence[int], sizes: Sequence[int | None]) -> list[int | None]:
    return [None if n is None else at + n for at, n in zip(starts, sizes, strict=True)]


def slice_update(inputs: Any, start_indices: Sequence[int], updates: Any) -> Any:
    """Return `inputs` with `updates` in the place of the entries from `start_indices` on.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.slice_update([1.0, 2.0, 3.0], [1], [9.0])
    array([1., 9., 3.])
    """
    ends = _ends(start_indices, shape_of(updates))
    widths = [
        (start, 0 if end is None or size is None else size - end)
        for start, end, size in zip(start_indices, ends, shape_of(inputs), strict=True)
    ]
    return where(pad(ones_like(updates), widths), pad(updates, widths), inputs)


def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Cut `x` into sections that differ by at most 1 in size, or before the given positions."""
    size = shape_of(x)[axis]
    if isinstance(indices_or_sections, int) and size is not None:
        each, more = divmod(size, indices_or_sections)
        sizes = [each + 1] * more + [each] * (indices_or_sections - more)
        indices_or_sections = np.cumsum(sizes)[:-1].tolist()
    return split(x, indices_or_sections, axis)


def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Cut `x` along the second axis, or the only one; see `split`."""
    return split(x, indices_or_sections, axis=0 if len(shape_of(x)) == 1 else 1)


def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Cut `x` along the first axis; see `split`."""
    return split(x, indices_or_sections, axis=0)
