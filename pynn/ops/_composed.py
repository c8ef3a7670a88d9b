"""Functions that other ops make up: what they compute with runs, and trains, where those do."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pynn import _state
from pynn._allocation import check_row
from pynn._dtypes import dtype_name
from pynn._shape_rules import broadcast, normalize_axes
from pynn._tensor import Tensor, is_symbolic, shape_of, value_of
from pynn._weight import Weight
from pynn.ops._activation import log_softmax, softplus
from pynn.ops._elementwise import (
    absolute,
    add,
    cast,
    clip,
    cos,
    divide,
    equal,
    exp,
    greater,
    less_equal,
    log,
    log1p,
    logical_and,
    maximum,
    multiply,
    negative,
    not_equal,
    rsqrt,
    sin,
    sqrt,
    square,
    subtract,
    where,
)
from pynn.ops._linear import matmul
from pynn.ops._reductions import max, mean, min, sum
from pynn.ops._shapes import (
    concatenate,
    expand_dims,
    get_item,
    one_hot,
    reshape,
    squeeze,
    transpose,
)

__all__ = [
    "allclose",
    "amax",
    "amin",
    "append",
    "arange",
    "average",
    "binary_crossentropy",
    "broadcast_to",
    "categorical_crossentropy",
    "cond",
    "convert_to_numpy",
    "copy",
    "cosh",
    "count_nonzero",
    "diff",
    "dtype",
    "empty",
    "exp2",
    "eye",
    "fabs",
    "flip",
    "fori_loop",
    "full",
    "full_like",
    "hstack",
    "hypot",
    "in_top_k",
    "inner",
    "is_tensor",
    "isclose",
    "isfinite",
    "isinf",
    "layer_normalization",
    "linspace",
    "log2",
    "log10",
    "logaddexp",
    "logical_xor",
    "moments",
    "moveaxis",
    "multi_hot",
    "nan_to_num",
    "ones",
    "outer",
    "pad",
    "ptp",
    "ravel",
    "reciprocal",
    "repeat",
    "rms_normalization",
    "roll",
    "segment_sum",
    "select",
    "sinh",
    "size",
    "sparse_categorical_crossentropy",
    "swapaxes",
    "tan",
    "tensordot",
    "tile",
    "true_divide",
    "unstack",
    "vstack",
    "zeros",
]

# ---- arrays from nothing


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> np.ndarray:
    """Return the numbers from `start`, or 0, up to `stop` in steps of `step`.

    Whole numbers are int32, others `pynn.backend.floatx()`, unless `dtype` is given.
    """
    if stop is None:
        start, stop = 0, start
    given = [value_of(n) for n in (start, stop, 1 if step is None else step)]
    if dtype is None:
        whole = builtins.all(np.asarray(n).dtype.kind in "iub" for n in given)
        dtype = "int32" if whole else _state.floatx()
    return np.arange(*given, dtype=dtype_name(dtype))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return `num` numbers at equal distances from `start` to `stop`, as NumPy's function does."""
    made: Any = np.linspace
    return made(start, stop, num, endpoint, retstep, dtype_name(dtype or _state.floatx()), axis)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> np.ndarray:
    """Return an array filled with one value, of `pynn.backend.floatx()` unless given."""
    return np.full(shape, value_of(fill_value), dtype_name(dtype or _state.floatx()))


def zeros(shape: Any, dtype: Any = None) -> np.ndarray:
    """Return zeros of that shape, of `pynn.backend.floatx()` unless given."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> np.ndarray:
    """Return ones of that shape, of `pynn.backend.floatx()` unless given."""
    return full(shape, 1, dtype)


def empty(shape: Any, dtype: Any = None) -> np.ndarray:
    """Return an array of that shape to be written to: zeros, as in Keras."""
    return zeros(shape, dtype)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> np.ndarray:
    """Return a matrix with ones on its k-th diagonal and zeros elsewhere."""
    return np.eye(N, M, k, dtype_name(dtype or _state.floatx()))


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return `fill_value` in the shape of `x`, and of its type unless another is given."""
    filled = add(multiply(x, 0), fill_value)
    return cast(filled, dtype or getattr(x, "dtype", _state.floatx()))


# ---- about tensors


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return `x` as a NumPy array; a symbolic tensor has no value and is a TypeError."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(value_of(x))


def copy(x: Any) -> Any:
    """Return a copy of `x`."""
    return x if is_symbolic(x) else np.array(value_of(x))


def dtype(x: Any) -> str:
    """Return the name of the type of `x`."""
    return str(x.dtype) if isinstance(x, (Tensor, Weight)) else np.asarray(value_of(x)).dtype.name


def is_tensor(x: Any) -> bool:
    """Whether ops compute with `x` as it is: a tensor, a weight or an array."""
    return isinstance(x, (Tensor, Weight, np.ndarray))


def size(x: Any) -> int | None:
    """Return the number of entries of `x`; None stands for a number that is not known yet."""
    shape: Any = shape_of(x)
    return None if None in shape else math.prod(shape)


# ---- entry by entry


def fabs(x: Any) -> Any:
    """Return the absolute value of `x`."""
    return absolute(x)


def true_divide(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``."""
    return divide(x1, x2)


def reciprocal(x: Any) -> Any:
    """Return ``1 / x``."""
    return divide(1.0, x)


def exp2(x: Any) -> Any:
    """Return 2 to the power of `x`."""
    return exp(multiply(x, math.log(2)))


def log2(x: Any) -> Any:
    """Return the logarithm of `x` to the base 2."""
    return multiply(log(x), 1 / math.log(2))


def log10(x: Any) -> Any:
    """Return the logarithm of `x` to the base 10."""
    return multiply(log(x), 1 / math.log(10))


def tan(x: Any) -> Any:
    """Return the tangent of `x`."""
    return divide(sin(x), cos(x))


def sinh(x: Any) -> Any:
    """Return the hyperbolic sine of `x`."""
    return multiply(subtract(exp(x), exp(negative(x))), 0.5)


def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine of `x`."""
    return multiply(add(exp(x), exp(negative(x))), 0.5)


def hypot(x1: Any, x2: Any) -> Any:
    """Return ``sqrt(x1**2 + x2**2)``."""
    return sqrt(add(square(x1), square(x2)))


def logaddexp(x1: Any, x2: Any) -> Any:
    """Return ``log(exp(x1) + exp(x2))`` without overflow."""
    apart = absolute(subtract(x1, x2))
    return add(maximum(x1, x2), log1p(exp(negative(apart))))


def logical_xor(x1: Any, x2: Any) -> Any:
    """Return where one is true and the other is not."""
    return not_equal(not_equal(x1, 0), not_equal(x2, 0))


def isfinite(x: Any) -> Any:
    """Return where `x` is neither infinite nor NaN."""
    kind = np.float64 if dtype(x) == "float64" else np.float32
    return less_equal(absolute(x), float(np.finfo(kind).max))


def isinf(x: Any) -> Any:
    """Return where `x` is plus or minus infinity."""
    return equal(absolute(x), math.inf)


def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return where ``|x1 - x2| <= atol + rtol * |x2|``, or both are the same infinity."""
    near = less_equal(absolute(subtract(x1, x2)), add(multiply(absolute(x2), rtol), atol))
    found = where(isfinite(x2), near, equal(x1, x2))
    if equal_nan:
        found = where(logical_and(not_equal(x1, x1), not_equal(x2, x2)), True, found)
    return cast(found, "bool")


def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return whether `isclose` holds everywhere."""
    return equal(sum(cast(equal(isclose(x1, x2, rtol, atol, equal_nan), 0), "int32")), 0)


def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """Return `x` with numbers in the place of NaN and of the infinities.

    None stands for the largest and the least number of the type.
    """
    kind = np.finfo(dtype(x) if dtype(x).startswith("float") else _state.floatx())
    x = where(not_equal(x, x), nan, x)
    x = where(equal(x, math.inf), float(kind.max) if posinf is None else posinf, x)
    return where(equal(x, -math.inf), float(kind.min) if neginf is None else neginf, x)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Return, entry by entry, the choice of the first condition that is true, else `default`."""
    found = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        found = where(condition, choice, found)
    return found


# ---- sums and the like


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest entry along `axis`; see `max`."""
    return max(x, axis, keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the smallest entry along `axis`; see `min`."""
    return min(x, axis, keepdims)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest entry minus the smallest along `axis`."""
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Return the mean along `axis`, weighted by `weights`, of the shape of `x` or of that axis."""
    if weights is None:
        return mean(x, axis)
    if axis is not None and len(shape_of(weights)) == 1 < len(shape_of(x)):
        (place,) = normalize_axes(axis, len(shape_of(x)))
        weights = reshape(weights, [-1 if i == place else 1 for i in range(len(shape_of(x)))])
        weights = add(weights, multiply(x, 0))
    return divide(sum(multiply(x, weights), axis), sum(weights, axis))


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """Return how many entries along `axis` are not 0."""
    return sum(cast(not_equal(x, 0), "int32"), axis)


def moments(
    x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Any, Any]:
    """Return mean and variance along `axes`; there is one process, so all are synchronized."""
    center = mean(x, axes, keepdims=True)
    variance = mean(square(subtract(x, center)), axes, keepdims)
    return (center if keepdims else mean(x, axes)), variance


def segment_sum(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """Return the sums of the rows of `data` that have the same id.

    Parameters
    ----------
    data : tensor or array, shape (n, ...)
    segment_ids : array of int, shape (n,)
        Negative ones, and those too large, count nowhere.
    num_segments : int, default=None
        None stands for the largest id plus 1.
    sorted : bool, default=False
        Makes no difference.
    """
    if num_segments is None:
        num_segments = int(np.max(convert_to_numpy(segment_ids))) + 1
    shape: Any = shape_of(data)
    chosen = transpose(one_hot(segment_ids, num_segments, dtype=dtype(data)))
    sums = matmul(chosen, reshape(data, (shape[0] or -1, math.prod(shape[1:]))))
    return reshape(sums, (num_segments, *shape[1:]))


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Return, row by row, whether fewer than `k` classes are predicted higher than the target's."""
    classes: Any = shape_of(predictions)[-1]
    chosen = one_hot(targets, classes, dtype=dtype(predictions))
    own = sum(where(chosen, predictions, 0.0), axis=-1, keepdims=True)
    ahead = sum(cast(greater(predictions, own), "int32"), axis=-1)
    usable = logical_and(isfinite(squeeze(own, -1)), greater(sum(chosen, axis=-1), 0))
    return logical_and(greater(k, ahead), usable)


def multi_hot(inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """Return ones for the classes that each row of `inputs` names, and zeros elsewhere.

    Of rows with several axes the first goes.
    """
    hot = one_hot(inputs, num_classes, axis, dtype)
    rank = len(shape_of(inputs))
    return max(hot, axis=builtins.min(rank - 1, 1)) if rank else hot


# ---- shapes


def broadcast_to(x: Any, shape: Any) -> Any:
    """Return `x` repeated along axes of size 1, and new ones in front, to have that shape."""
    shape = tuple(shape)
    if is_symbolic(x):
        check_row(shape, "broadcast_to")
    if broadcast(shape_of(x), shape) != shape:
        raise ValueError(f"{shape_of(x)} does not broadcast to {shape}")
    return add(x, np.zeros(shape, dtype(x)))


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Return `x` with the axes `source` at the places `destination`."""
    ndim = len(shape_of(x))
    listed = [[axis] if isinstance(axis, int) else list(axis) for axis in (source, destination)]
    froms, tos = ([axis % ndim for axis in axes] for axes in listed)
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
    turns = (slice(None, None, -1 if i in axes else None) for i in range(len(shape_of(x))))
    return get_item(x, tuple(turns))


def roll(x: Any, shift: int, axis: int | None = None) -> Any:
    """Return `x` with entries moved `shift` places along `axis`, from the end to the beginning.

    None moves the flat entries.
    """
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
    before = (slice(None),) * (axis % len(shape_of(x)))
    return get_item(x, (*before, places))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Return `x` with each entry along `axis` so many times; None repeats the flat entries."""
    if axis is None:
        x, axis = ravel(x), 0
    length = shape_of(x)[axis]
    if length is None:
        raise ValueError(f"repeat needs an axis of known size. Received: shape={shape_of(x)}")
    counts = np.broadcast_to(np.asarray(repeats), length)
    _check_length(x, axis, int(counts.sum()))
    return _take_places(x, np.repeat(np.arange(length), counts), axis)


def tile(x: Any, repeats: Any) -> Any:
    """Return copies of `x` beside one another, so many along each axis, the last one last."""
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    for _ in range(len(counts) - len(shape_of(x))):
        x = expand_dims(x, 0)
    counts = [1] * (len(shape_of(x)) - len(counts)) + counts
    for axis, count in enumerate(counts):
        if count == 1:
            continue
        length = shape_of(x)[axis]
        if length is None:
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
    before = (slice(None),) * (axis % len(shape_of(x)))
    return [get_item(x, (*before, i)) for i in range(count)]


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Return the differences of neighbours along `axis`, `n` times."""
    before = (slice(None),) * (axis % len(shape_of(a)))
    for _ in range(n):
        following, present = (slice(1, None),), (slice(None, -1),)
        a = subtract(get_item(a, before + following), get_item(a, before + present))
    return a


# ---- products


def inner(x1: Any, x2: Any) -> Any:
    """Return the sums of products along the last axes of both."""
    if not shape_of(x1) or not shape_of(x2):
        return multiply(x1, x2)
    return tensordot(x1, x2, ([-1], [-1]))


def outer(x1: Any, x2: Any) -> Any:
    """Return the products of each flat entry of `x1` with each of `x2`."""
    return multiply(expand_dims(ravel(x1), 1), expand_dims(ravel(x2), 0))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Return the sums of products over axes of both.

    Parameters
    ----------
    x1, x2 : tensor or array
    axes : int or pair of int or sequences of int, default=2
        So many last ones of `x1` and first ones of `x2`; or those of `x1` and those of `x2`.
    """
    shape1: Any = shape_of(x1)
    n1, n2 = len(shape1), len(shape_of(x2))
    if isinstance(axes, int):
        axes = list(range(n1 - axes, n1)), list(range(axes))
    first, second = ([axis] if isinstance(axis, int) else list(axis) for axis in axes)
    first, second = [a % n1 for a in first], [a % n2 for a in second]
    left = [axis for axis in range(n1) if axis not in first]
    right = [axis for axis in range(n2) if axis not in second]
    rows = [-1 if shape1[a] is None else shape1[a] for a in left]
    columns = [shape_of(x2)[a] for a in right]
    shared = math.prod(shape1[a] for a in first)
    a, b = transpose(x1, left + first), transpose(x2, second + right)
    found = matmul(reshape(a, [*rows, shared]) if rows else ravel(a), reshape(b, (shared, -1)))
    return found if len(columns) == 1 else reshape(found, rows + columns)


# ---- what layers and losses compute


def layer_normalization(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Any = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Any:
    """Return `x` with mean 0 and variance 1 along `axis`, times `gamma` plus `beta`.

    `epsilon`, `pynn.backend.epsilon()` where it is None, is added to the variance.
    """
    center, variance = moments(x, axis, keepdims=True)
    x = multiply(subtract(x, center), rsqrt(add(variance, _epsilon(epsilon))))
    x = x if gamma is None else multiply(x, gamma)
    return x if beta is None else add(x, beta)


def rms_normalization(
    x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """Return `x` divided by the root of its mean square along `axis`, times `scale`."""
    x = multiply(x, rsqrt(add(mean(square(x), axis, keepdims=True), _epsilon(epsilon))))
    return x if scale is None else multiply(x, scale)


def _epsilon(given: float | None) -> float:
    return _state.epsilon() if given is None else given


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return ``-log`` of the probability that `output` gives to `target`, entry by entry."""
    if from_logits:
        return subtract(softplus(output), multiply(target, output))
    output = clip(output, _state.epsilon(), 1 - _state.epsilon())
    wrong = multiply(subtract(1.0, target), log(subtract(1.0, output)))
    return negative(add(multiply(target, log(output)), wrong))


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return ``-sum(target * log(output))`` along `axis`; `output` is made to sum to 1."""
    if from_logits:
        logarithms = log_softmax(output, axis)
    else:
        output = divide(output, sum(output, axis, keepdims=True))
        logarithms = log(clip(output, _state.epsilon(), 1 - _state.epsilon()))
    return negative(sum(multiply(target, logarithms), axis))


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return `categorical_crossentropy` for class numbers."""
    shape = shape_of(output)
    if len(shape_of(target)) == len(shape) and shape_of(target)[axis] == 1:
        target = squeeze(target, axis)
    classes: Any = shape[axis]
    return categorical_crossentropy(one_hot(target, classes, axis), output, from_logits, axis)


# ---- branches and loops


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return what `true_fn` returns where `pred` is true, else what `false_fn` returns.

    Of a symbolic `pred` both are recorded, and a value is chosen when the model runs; a result's
    shape may not depend on it.
    """
    if not is_symbolic(pred) or getattr(pred, "value", None) is not None:
        return true_fn() if bool(convert_to_numpy(pred)) else false_fn()
    first, second = true_fn(), false_fn()
    if isinstance(first, (list, tuple)):
        return type(first)(where(pred, a, b) for a, b in zip(first, second, strict=True))
    return where(pred, first, second)


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Return what `body_fun`, a function of number and value, makes of `init_val` in the end."""
    value = init_val
    for number in range(int(lower), int(upper)):
        value = body_fun(number, value)
    return value
