"""Ops that combine entries along axes: sums, means, extremes and where these are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pynn import _state
from pynn._onnx import OnnxForm, OnnxWriter
from pynn._shape_rules import broadcast_like, normalize_axes, reduced
from pynn._tensor import Op, Tensor, apply, shape_of, value_of
from pynn._weight import Weight
from pynn.ops._elementwise import (
    absolute,
    add,
    divide,
    exp,
    in_floats,
    log,
    maximum,
    minimum,
    power,
    sqrt,
    square,
    subtract,
)

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "l2_normalize",
    "logsumexp",
    "max",
    "mean",
    "min",
    "norm",
    "normalize",
    "std",
    "sum",
    "var",
]


def _expand(value: Any, like: Any, axis: Any, keepdims: bool) -> Any:
    """Give back the axes that a reduction removed, with size 1."""
    if keepdims:
        return value
    sizes = list(np.shape(like))
    for removed in normalize_axes(axis, len(sizes)):
        sizes[removed] = 1
    return np.reshape(value, tuple(sizes))


def _sum_backward(grad: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    return (broadcast_like(_expand(grad, x, axis, keepdims), x),)


def _mean_backward(grad: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    shape = x.shape
    count = math.prod(
        np.size(x, a) if shape[a] is None else shape[a] for a in normalize_axes(axis, len(shape))
    )
    return (broadcast_like(_expand(grad, x, axis, keepdims) / (count or 1), x),)


def _extreme_backward(grad: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    hit = (x == _expand(out, x, axis, keepdims)).astype(x.dtype)
    return (_expand(grad, x, axis, keepdims) * hit / hit.sum(axis=axis, keepdims=True),)


def _mean(x: Any, axis: Any, keepdims: bool) -> Any:
    """Return what np.mean does, in half the time for few numbers."""
    if x.dtype.char not in "fd" or not x.size:
        return np.mean(x, axis=axis, keepdims=keepdims)
    add_up: Any = np.add.reduce
    total = add_up(x, axis, keepdims=keepdims)
    return total / x.dtype.type(x.size // total.size)


def _reduction(operator: str) -> OnnxForm:
    return lambda w, x, axis, keepdims: w.reduce(operator, x, axis, keepdims)


def _of_truth(operator: str) -> OnnxForm:
    return lambda w, x, axis, keepdims: w.reduce(operator, w.cast(w.truth(x)), axis, keepdims)


def _place(operator: str) -> OnnxForm:
    def write(w: OnnxWriter, x: Any, axis: Any, keepdims: bool) -> str:
        if axis is not None:
            return w.cast(w.node(operator, x, axis=axis, keepdims=int(keepdims)))
        flat = w.node("Reshape", x, w.integers([-1]))
        place = w.cast(w.node(operator, flat, axis=0, keepdims=0))
        ones = w.integers([1] * len(w.shape_of(x)))
        return w.node("Reshape", place, ones) if keepdims else place

    return write


def _place_op(name: str, found: Callable[..., Any], onnx: str) -> Op:
    def forward(x: Any, axis: int | None, keepdims: bool) -> Any:
        return found(x, axis, keepdims=keepdims).astype(np.int32)

    return Op(name, forward, None, reduced, "int32", onnx=_place(onnx))


SUM = Op("sum", np.sum, _sum_backward, reduced, onnx=_reduction("ReduceSum"))
MEAN = Op("mean", _mean, _mean_backward, reduced, "float", onnx=_reduction("ReduceMean"))
MAX = Op("max", np.max, _extreme_backward, reduced, onnx=_reduction("ReduceMax"))
MIN = Op("min", np.min, _extreme_backward, reduced, onnx=_reduction("ReduceMin"))
ANY = Op("any", np.any, None, reduced, "bool", onnx=_of_truth("ReduceMax"))
ALL = Op("all", np.all, None, reduced, "bool", onnx=_of_truth("ReduceMin"))
ARGMAX = _place_op("argmax", np.argmax, "ArgMax")
ARGMIN = _place_op("argmin", np.argmin, "ArgMin")


def _reduce(op: Op, x: Any, axis: Any, keepdims: bool) -> Any:
    if isinstance(axis, list):
        axis = tuple(axis)
    if not isinstance(x, (Tensor, Weight)):
        x = np.asanyarray(value_of(x))
    return apply(op, x, axis=axis, keepdims=keepdims)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the sum along `axis`; None stands for all axes, the batch's included.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=-1, keepdims=True)
    array([[3.],
           [7.]])
    """
    return _reduce(SUM, x, axis, keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean along `axis`; None stands for all axes, the batch's included.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.mean([[1.0, 2.0], [3.0, 4.0]], axis=-1)
    array([1.5, 3.5])
    """
    return _reduce(MEAN, x, axis, keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Return the largest entry along `axis`, at least `initial`. Equal ones share the gradient."""
    largest = _reduce(MAX, x, axis, keepdims)
    return largest if initial is None else maximum(largest, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Return the smallest entry along `axis`, at most `initial`. Equal ones share the gradient."""
    smallest = _reduce(MIN, x, axis, keepdims)
    return smallest if initial is None else minimum(smallest, initial)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return whether an entry along `axis` is true."""
    return _reduce(ANY, x, axis, keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return whether all entries along `axis` are true."""
    return _reduce(ALL, x, axis, keepdims)


def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return where along `axis` the largest entry is; the first of equals.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.argmax([[1.0, 5.0], [4.0, 2.0]], axis=-1)
    array([1, 0], dtype=int32)
    """
    return _reduce(ARGMAX, x, axis, keepdims)


def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return where along `axis` the smallest entry is; the first of equals."""
    return _reduce(ARGMIN, x, axis, keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean squared distance from the mean along `axis`."""
    return mean(square(subtract(x, mean(x, axis, keepdims=True))), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the square root of `var`."""
    return sqrt(var(x, axis, keepdims))


def norm(x: Any, ord: float | None = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the norm of the vectors along `axis`, of all entries where that is None.

    Parameters
    ----------
    x : tensor or array
    ord : float, default=None
        1 for the sum of absolute values, 2 or None for the Euclidean norm, infinity for the largest
        absolute value, p for the p-th root of the sum of p-th powers.
    axis : int, default=None
    keepdims : bool, default=False

    Raises
    ------
    ValueError
        If `ord` is given and `axis` is not one axis of several: norms of matrices are not here.

    Examples
    --------
    >>> from pynn import ops
    >>> float(ops.norm([3.0, 4.0]))
    5.0
    """
    x = in_floats(x)
    if ord is None:
        return sqrt(sum(square(x), axis, keepdims))
    if not isinstance(axis, int) and len(shape_of(x)) != 1:
        raise ValueError(f"ord needs axis to be one axis. Received: ord={ord}, axis={axis}")
    if ord == 2:
        return sqrt(sum(square(x), axis, keepdims))
    if ord == 1:
        return sum(absolute(x), axis, keepdims)
    if ord == math.inf:
        return max(absolute(x), axis, keepdims)
    if not ord > 0:
        raise ValueError(f"ord must be positive. Received: ord={ord!r}")
    return power(sum(power(absolute(x), ord), axis, keepdims), 1.0 / ord)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ``log(sum(exp(x)))`` along `axis` without overflow.

    Examples
    --------
    >>> from pynn import ops
    >>> round(float(ops.logsumexp([1000.0, 1000.0])), 3)
    1000.693
    """
    x = in_floats(x)
    top = max(x, axis, keepdims=True)
    total = log(sum(exp(subtract(x, top)), axis, keepdims))
    return add(total, top if keepdims else max(x, axis))


def l2_normalize(x: Any, axis: int = -1, epsilon: float = 1e-12) -> Any:
    """Divide `x` by its Euclidean norm along `axis`, at least ``sqrt(epsilon)``."""
    x = in_floats(x)
    return divide(x, sqrt(maximum(sum(square(x), axis, keepdims=True), epsilon)))


def normalize(x: Any, axis: int = -1, order: float = 2, epsilon: float | None = None) -> Any:
    """Divide `x` by its `norm` of that order along `axis`, or by `epsilon` where that is larger.

    None stands for `pynn.backend.epsilon()`.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    epsilon = _state.epsilon() if epsilon is None else epsilon
    if order == 2:
        return l2_normalize(x, axis, epsilon**2)
    return divide(x, maximum(norm(x, order, axis, keepdims=True), epsilon))
