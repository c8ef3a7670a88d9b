"""Ops that look along an axis in order: sorting, running sums, and picking by places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn._onnx import OnnxWriter
from pynn._rule_operand import apply_in_rule
from pynn._shape_rules import broadcast, broadcast_like, normalize_axes, normalize_axis, reduced
from pynn._tensor import Op, Shape, apply, shape_of
from pynn.ops._elementwise import cast, multiply
from pynn.ops._inspection import dtype as dtype_of
from pynn.ops._shapes import reshape

__all__ = [
    "argsort",
    "cumsum",
    "einsum",
    "prod",
    "scatter",
    "sort",
    "take_along_axis",
    "top_k",
]


def _put_along(like: Any, places: np.ndarray, values: Any, axis: int) -> np.ndarray:
    """Return zeros in the shape of `like` with `values` added at `places` along `axis`."""
    full = np.zeros(np.shape(like), np.asarray(values).dtype)
    index: list[Any] = list(np.indices(places.shape, sparse=True))
    index[axis] = places
    np.add.at(full, tuple(index), values)
    return full


def _whole(places: Any) -> np.ndarray:
    return np.asarray(places).astype(np.int64)


def _along_shape(shape: Shape, places: Shape, axis: int) -> Shape:
    rest = broadcast(shape[:axis] + shape[axis + 1 :], places[:axis] + places[axis + 1 :])
    return (*rest[:axis], places[axis], *rest[axis:])


SORT = Op(
    "sort",
    np.sort,
    lambda grad, out, x, axis: (
        apply_in_rule(PUT_ALONG, grad, x, apply_in_rule(ARGSORT, x, axis=axis), axis=axis),
    ),
    lambda shape, axis: shape,
    onnx=lambda w, x, axis: w.ordered(x, axis)[0],
)
ARGSORT: Op = Op(
    "argsort",
    lambda x, axis: np.argsort(x, axis=axis, kind="stable").astype(np.int32),
    None,
    lambda shape, axis: shape,
    "int32",
    onnx=lambda w, x, axis: w.cast(w.ordered(x, axis)[1]),
)
CUMSUM = Op(
    "cumsum",
    np.cumsum,
    lambda grad, out, x, axis: (np.flip(np.cumsum(np.flip(grad, axis), axis), axis),),
    lambda shape, axis: shape,
    onnx=lambda w, x, axis: w.node("CumSum", x, w.integers(axis)),
)


def _take_along_in_onnx(w: OnnxWriter, x: Any, indices: Any, axis: int) -> str:
    shapes = [w.shape_of(value) for value in (x, indices)]
    rest = [shape[:axis] + shape[axis + 1 :] for shape in shapes]
    x, indices = w.name_of(x), w.whole(indices)
    if rest[0] != rest[1]:  # each is expanded along the other's axes, but for this one
        sizes = [_sizes_but_one(w, value, axis) for value in (x, indices)]
        x, indices = w.node("Expand", x, sizes[1]), w.node("Expand", indices, sizes[0])
    return w.node("GatherElements", x, indices, axis=axis)


def _sizes_but_one(w: OnnxWriter, x: str, axis: int) -> str:
    return w.node("ScatterElements", w.node("Shape", x), w.integers([axis]), w.integers([1]))


TAKE_ALONG = Op(
    "take_along_axis",
    lambda x, indices, axis: np.take_along_axis(np.asarray(x), _whole(indices), axis),
    lambda grad, out, x, indices, axis: (
        apply_in_rule(PUT_ALONG, grad, x, indices, axis=axis),
        None,
    ),
    _along_shape,
    onnx=_take_along_in_onnx,
)
# The backward pass of TAKE_ALONG and SORT.
PUT_ALONG: Op = Op(
    "put_along_axis",
    lambda values, like, places, axis: _put_along(like, _whole(places), values, axis),
    lambda grad, out, values, like, places, axis: (
        apply_in_rule(TAKE_ALONG, grad, places, axis=axis),
        None,
        None,
    ),
    lambda values, like, places, axis: like,
    onnx=lambda w, values, like, places, axis: w.node(
        "ScatterElements",
        w.filled(w.name_of(like), 0.0),
        w.whole(places),
        values,
        axis=axis,
        reduction="add",
    ),
)
SCATTER = Op(
    "scatter",
    lambda indices, values, shape: _scattered(indices, values, np.zeros(shape, values.dtype)),
    lambda grad, out, indices, values, shape: (
        None,
        apply_in_rule(PICK, grad, indices),
    ),
    lambda indices, values, shape: tuple(shape),
    onnx=lambda w, indices, values, shape: w.node(
        "ScatterND", np.zeros(shape), w.whole(indices), values, reduction="add"
    ),
)
# The backward pass of SCATTER.
PICK: Op = Op(
    "pick",
    lambda values, indices: np.asarray(values)[tuple(np.moveaxis(_whole(indices), -1, 0))],
    lambda grad, out, values, indices: (
        apply_in_rule(SCATTER, indices, grad, shape=np.shape(values)),
        None,
    ),
    lambda values, indices: (*indices[:-1], *values[indices[-1] :]),
    onnx=lambda w, values, indices: w.node("GatherND", values, w.whole(indices)),
)


def _scattered(indices: Any, values: Any, into: np.ndarray) -> np.ndarray:
    np.add.at(into, tuple(np.moveaxis(_whole(indices), -1, 0)), values)
    return into


def _prod_backward(grad: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    """Products of all but one, which a division by what may be 0 would not give."""
    axes = normalize_axes(axis, np.ndim(x))
    kept = [i for i in range(np.ndim(x)) if i not in axes]
    flat = np.transpose(x, kept + list(axes)).reshape([np.shape(x)[i] for i in kept] + [-1])
    before = np.ones_like(flat)
    before[..., 1:] = np.cumprod(flat[..., :-1], axis=-1)
    after = np.ones_like(flat)
    after[..., :-1] = np.flip(np.cumprod(np.flip(flat[..., 1:], -1), axis=-1), -1)
    others = (before * after).reshape([np.shape(x)[i] for i in kept + list(axes)])
    if not keepdims:
        grad = np.expand_dims(np.asarray(grad), axes)
    return (grad * np.transpose(others, np.argsort(kept + list(axes))),)


PROD = Op(
    "prod",
    np.prod,
    _prod_backward,
    reduced,
    onnx=lambda w, x, axis, keepdims: w.reduce("ReduceProd", x, axis, keepdims),
)


def _einsum_labels(subscripts: str) -> tuple[list[str], str]:
    """Return the labels of each operand, and of the result."""
    given, _, result = subscripts.partition("->")
    return given.split(","), result


def _explicit(subscripts: str, ndims: Sequence[int]) -> str:
    """Return subscripts with labels for what an ellipsis stands for, and with a result."""
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    operands = given.split(",")
    import string  # here, as it compiles patterns that nothing else needs

    unused = [a for a in string.ascii_letters if a not in subscripts]
    elided = 0
    if "." in given and len(operands) == len(ndims):
        rests = [n - len(o) + 3 for o, n in zip(operands, ndims, strict=True) if "..." in o]
        elided = max(0, *rests)
        operands = [
            o.replace("...", "".join(unused[elided - (n - len(o) + 3) : elided]))
            for o, n in zip(operands, ndims, strict=True)
        ]
    labels = "".join(operands)
    added = "".join(unused[:elided])
    if arrow:
        result = result.replace("...", added)
    else:
        alone = sorted(a for a in set(labels) - {*added} if labels.count(a) == 1)
        result = added + "".join(alone)
    known = [*operands, result]
    dropped = set(added) - set(result)
    if dropped or "." in "".join(known) or any(len(set(each)) < len(each) for each in known):
        raise ValueError(
            "einsum takes labels, each once for an operand and once for the result, and an "
            f"ellipsis for leading axes. Received: subscripts={subscripts!r}"
        )
    return ",".join(operands) + "->" + result


def _einsum_backward(grad: Any, out: Any, *values: Any, subscripts: str) -> list[np.ndarray]:
    operands, result = _einsum_labels(subscripts)
    gradients = []
    for i, labels in enumerate(operands):
        others = [(operands[k], values[k]) for k in range(len(values)) if k != i]
        known = result + "".join(each for each, _ in others)
        kept = "".join(a for a in labels if a in known)
        terms = ",".join([result, *(each for each, _ in others)])
        found = np.einsum(f"{terms}->{kept}", grad, *(x for _, x in others), optimize=True)
        # What only this operand has was added up, so that its gradient is the same all along.
        alone = tuple(at for at, a in enumerate(labels) if a not in known)
        for axis in alone:
            found = np.expand_dims(found, axis)
        gradients.append(broadcast_like(found, values[i]))
    return gradients


def _einsum_shape(*shapes: Shape, subscripts: str) -> Shape:
    operands, result = _einsum_labels(subscripts)
    sizes: dict[str, int | None] = {}
    for labels, shape in zip(operands, shapes, strict=True):
        if len(labels) != len(shape):
            raise ValueError(f"{labels!r} has other axes than the shape {shape}")
        for label, n in zip(labels, shape, strict=True):
            known = sizes.setdefault(label, n)
            if known is None or known == 1:
                sizes[label] = n
            elif n not in (None, 1, known):
                raise ValueError(f"the axes {label!r} differ in size: {known} and {n}")
    return tuple(sizes[label] for label in result)


EINSUM = Op(
    "einsum",
    lambda *values, subscripts: np.einsum(subscripts, *values, optimize=True),
    _einsum_backward,
    _einsum_shape,
    onnx=lambda w, *values, subscripts: w.node("Einsum", *values, equation=subscripts),
)


def sort(x: Any, axis: int = -1) -> Any:
    """Return the entries along `axis` from the least to the largest.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.sort([3.0, 1.0, 2.0])
    array([1., 2., 3.])
    """
    return apply(SORT, x, axis=normalize_axis(axis, len(shape_of(x))))


def argsort(x: Any, axis: int | None = -1) -> Any:
    """Return the places of the entries along `axis` in the order of `sort`; None sorts them all.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.argsort([3.0, 1.0, 2.0])
    array([1, 2, 0], dtype=int32)
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    return apply(ARGSORT, x, axis=normalize_axis(axis, len(shape_of(x))))


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """Return the `k` largest entries along the last axis, the largest first, and their places.

    Examples
    --------
    >>> from pynn import ops
    >>> values, places = ops.top_k([3.0, 1.0, 2.0], k=2)
    >>> values, places
    (array([3., 2.]), array([0, 2], dtype=int32))
    """
    size = shape_of(x)[-1]
    if size is not None and not 0 <= k <= size:
        raise ValueError(f"k must be in [0, {size}], the last axis's size. Received: k={k}")
    signed = cast(x, "int64") if dtype_of(x).startswith("uint") else x
    places = argsort(multiply(signed, -1))[..., :k]
    return take_along_axis(x, places, axis=-1), places


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Return the entries along `axis` that `indices`, with as many axes, name; -1 is the last.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1)
    array([[2.],
           [3.]])
    """
    if axis is None:
        x, indices, axis = reshape(x, (-1,)), reshape(indices, (-1,)), 0
    return apply(TAKE_ALONG, x, indices, axis=normalize_axis(axis, len(shape_of(x))))


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Return the running sums along `axis`, of the flat entries where it is None.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.cumsum([1.0, 2.0, 3.0])
    array([1., 3., 6.])
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    return apply(CUMSUM, x, axis=normalize_axis(axis, len(shape_of(x))))


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Return the product along `axis`; None stands for all axes, the batch's included."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    return apply(PROD, x, axis=axis, keepdims=keepdims)


def einsum(subscripts: str, *operands: Any) -> Any:
    """Return sums of products over the axes that ``subscripts`` names, as in ``"ij,jk->ik"``.

    ``...`` stands for axes without a label, as in ``"...i,io->...o"``.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.einsum("ij,jk->ik", [[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]])
    """
    explicit = _explicit(subscripts, [len(shape_of(x)) for x in operands])
    return apply(EINSUM, *operands, subscripts=explicit)


def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Return zeros of that shape with `values` added where the rows of `indices` say.

    Parameters
    ----------
    indices : array of int, shape (..., k)
        Places along the first `k` axes.
    values : tensor or array, shape (..., *shape[k:])
    shape : sequence of int

    Examples
    --------
    >>> from pynn import ops
    >>> ops.scatter([[0], [2]], [1.0, 5.0], shape=(4,))
    array([1., 0., 5., 0.])
    """
    return apply(SCATTER, indices, values, shape=tuple(shape))
