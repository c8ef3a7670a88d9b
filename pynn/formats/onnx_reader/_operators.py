"""What each of ONNX's operators becomes: a function of a `Call`, in one table.

Of tensors, functions make layers where these have weights, and ops otherwise; of arrays, arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from pynn import activations, layers, ops
from pynn.ops import Tensor

Read = Callable[["Call"], Any]
OPERATORS: dict[tuple[str, str], Read] = {}


class Sizes(np.ndarray):
    """Sizes of a tensor, as whole numbers, in which -1 stands for the rows of the batch.

    They may be moved about, and be the shape that is asked for, and nothing else.
    """


class Call:
    """A node, and the values of its inputs.

    Attributes
    ----------
    inputs : list
        Tensors, arrays, `Sizes`, and None for what is left out.
    version : int
        Of the operators.
    dtype : str
        What the network computes in.
    rows : int or None
        The number of rows, if the file fixes it.
    bias_reader : (str, ndarray) or None
        The sum that adds an array to this product and is its only reader.
    absorbed : str or None
        The output of another node that this one's result is, too.
    """

    bias_reader: tuple[str, np.ndarray] | None = None
    rows: int | None = None
    absorbed: str | None = None

    def __init__(self, node: Any, inputs: list[Any], tensors: Any, version: int) -> None:
        self.inputs = inputs
        self.version = version
        self.dtype = tensors.dtype
        self._tensors = tensors
        self._attributes = {each.name: each for each in node.attribute}
        self.n_outputs = len(node.output)

    def __getitem__(self, i: int) -> Any:
        return self.inputs[i] if i < len(self.inputs) else None

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute's value."""
        from onnx import helper

        if name not in self._attributes:
            return default
        value = helper.get_attribute_value(self._attributes[name])
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if self._attributes[name].HasField("t"):
            return self._tensors.array(value)
        return value

    def tensor(self, i: int = 0) -> Any:
        """Return an input that is computed with: a tensor or an array."""
        value = self[i]
        if value is None:
            raise ValueError(f"its input {i} is missing")
        if isinstance(value, Sizes):
            raise ValueError("sizes of tensors are only used as shapes")
        return value

    def tensors(self) -> list[Any]:
        """Return all inputs, to be computed with."""
        values = [self.tensor(i) for i in range(len(self.inputs))]
        if not any(isinstance(value, Tensor) for value in values):
            shapes = [np.shape(value) for value in values]
            self.check_size(math.prod(np.broadcast_shapes(*shapes)))
        return values

    def constant(self, i: int, what: str) -> Any:
        """Return an input that has to be known, or None if it is left out."""
        value = self[i]
        if isinstance(value, Tensor):
            raise ValueError(f"its {what} must be constant")
        return value

    def axes(self, i: int = 1) -> list[int] | None:
        """Return axes, which are an input, or an attribute of earlier versions."""
        given = self.constant(i, "axes")
        given = self.attribute("axes") if given is None else given
        return None if given is None else [int(axis) for axis in np.ravel(given)]

    def check_size(self, size: int) -> None:
        """Refuse to compute a constant that is much larger than the file."""
        if size > self._tensors.budget:
            raise ValueError(f"it would make a constant of {size} numbers")


def reads(*names: str, domain: str = "") -> Callable[[Read], Read]:
    """Return a decorator for what reads operators of these names."""

    def declare(function: Read) -> Read:
        for name in names:
            OPERATORS[domain, name] = function
        return function

    return declare


# ---- one entry at a time


def _plain(function: Callable[..., Any]) -> Read:
    return lambda call: function(*call.tensors())


def _activation(name: str) -> Read:
    function = activations.get(name)

    def read(call: Call) -> Any:
        x = call.tensor()
        return layers.Activation(name)(x) if isinstance(x, Tensor) else function(x)

    return read


_ENTRY_BY_ENTRY: dict[str, Callable[..., Any]] = {
    "Add": ops.add,
    "Sub": ops.subtract,
    "Mul": ops.multiply,
    "Pow": ops.power,
    "Neg": ops.negative,
    "Abs": ops.absolute,
    "Sqrt": ops.sqrt,
    "Exp": ops.exp,
    "Log": ops.log,
    "Erf": ops.erf,
    "Sign": ops.sign,
    "Floor": ops.floor,
    "Ceil": ops.ceil,
    "Round": ops.round,
    "Sin": ops.sin,
    "Cos": ops.cos,
    "Asin": ops.arcsin,
    "Acos": ops.arccos,
    "Atan": ops.arctan,
    "Asinh": ops.arcsinh,
    "Acosh": ops.arccosh,
    "Atanh": ops.arctanh,
    "Reciprocal": lambda x: ops.divide(1.0, x),
    "Min": lambda *xs: reduce(ops.minimum, xs),
    "Max": lambda *xs: reduce(ops.maximum, xs),
    "Sum": lambda *xs: reduce(ops.add, xs),
    "Mean": lambda *xs: ops.divide(reduce(ops.add, xs), float(len(xs))),
    "Equal": ops.equal,
    "Less": ops.less,
    "LessOrEqual": ops.less_equal,
    "Greater": ops.greater,
    "GreaterOrEqual": ops.greater_equal,
    "And": ops.logical_and,
    "Or": ops.logical_or,
    "Not": ops.logical_not,
    "IsNaN": ops.isnan,
    "Where": ops.where,
}
for _name, _function in _ENTRY_BY_ENTRY.items():
    OPERATORS["", _name] = _plain(_function)
for _name, _known in {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Mish": "mish",
    "HardSwish": "hard_swish",
}.items():
    OPERATORS["", _name] = _activation(_known)


@reads("Div")
def _div(call: Call) -> Any:
    a, b = call.tensors()
    if all(isinstance(x, np.ndarray) and x.dtype.kind == "i" for x in (a, b)):
        return np.trunc(a / b).astype(np.int64)
    return ops.divide(a, b)


@reads("Identity", "Dropout", "StopGradient")
def _identity(call: Call) -> Any:
    training = call.constant(2, "training mode")
    if training is not None and np.any(training):
        raise ValueError("dropout at inference cannot be read")
    return call[0]


@reads("Cast")
def _cast(call: Call) -> Any:
    x, kind = call[0], call.attribute("to")
    if isinstance(x, Sizes):
        return x
    return _as_kind(call, x, kind)


@reads("CastLike")
def _cast_like(call: Call) -> Any:
    like = call.tensor(1)
    whole = (np.asarray(like) if isinstance(like, np.ndarray) else like).dtype
    return _as_kind(call, call.tensor(), 9 if whole == "bool" else 7 if "int" in str(whole) else 1)


def _as_kind(call: Call, x: Any, kind: int) -> Any:
    if kind in (1, 10, 11, 16):
        return ops.cast(x, call.dtype)
    if kind == 9:
        return ops.cast(x, "bool")
    if kind in (2, 3, 5, 6, 7, 12, 13):
        return ops.cast(x, "int64")
    raise ValueError("a cast to texts cannot be read")


@reads("Clip")
def _clip(call: Call) -> Any:
    x = call.tensor()
    low, high = call.attribute("min", call[1]), call.attribute("max", call[2])
    if low is not None:
        x = ops.maximum(x, low)
    return x if high is None else ops.minimum(x, high)


@reads("LeakyRelu")
def _leaky_relu(call: Call) -> Any:
    slope = float(call.attribute("alpha", 0.01))
    x = call.tensor()
    return layers.LeakyReLU(slope)(x) if isinstance(x, Tensor) else activations.leaky_relu(x, slope)


@reads("Elu")
def _elu(call: Call) -> Any:
    alpha = float(call.attribute("alpha", 1.0))
    x = call.tensor()
    return layers.ELU(alpha)(x) if isinstance(x, Tensor) else activations.elu(x, alpha)


@reads("Celu")
def _celu(call: Call) -> Any:
    alpha = float(call.attribute("alpha", 1.0))
    x = call.tensor()
    below = ops.multiply(alpha, ops.expm1(ops.divide(ops.minimum(x, 0.0), alpha)))
    return ops.add(ops.maximum(x, 0.0), below)


@reads("Selu")
def _selu(call: Call) -> Any:
    alpha = float(call.attribute("alpha", 1.67326319217681884765625))
    gamma = float(call.attribute("gamma", 1.05070102214813232421875))
    x = call.tensor()
    if abs(alpha - 1.6732632) < 1e-6 and abs(gamma - 1.0507010) < 1e-6:
        return _activation("selu")(call)
    below = ops.multiply(alpha, ops.expm1(ops.minimum(x, 0.0)))
    return ops.multiply(gamma, ops.add(ops.maximum(x, 0.0), below))


@reads("Gelu")
def _gelu(call: Call) -> Any:
    return activations.gelu(call.tensor(), approximate=call.attribute("approximate") == "tanh")


@reads("Swish")
def _swish(call: Call) -> Any:
    x = call.tensor()
    inner = ops.multiply(x, float(call.attribute("alpha", 1.0)))
    return ops.multiply(x, activations.sigmoid(inner))


@reads("HardSigmoid")
def _hard_sigmoid(call: Call) -> Any:
    alpha, beta = float(call.attribute("alpha", 0.2)), float(call.attribute("beta", 0.5))
    return ops.clip(ops.add(ops.multiply(call.tensor(), alpha), beta), 0.0, 1.0)


@reads("ThresholdedRelu")
def _thresholded_relu(call: Call) -> Any:
    x = call.tensor()
    return ops.where(ops.greater(x, float(call.attribute("alpha", 1.0))), x, 0.0)


@reads("Shrink")
def _shrink(call: Call) -> Any:
    x, bound = call.tensor(), float(call.attribute("lambd", 0.5))
    bias = float(call.attribute("bias", 0.0))
    above = ops.where(ops.greater(x, bound), ops.subtract(x, bias), 0.0)
    return ops.where(ops.less(x, -bound), ops.add(x, bias), above)


@reads("PRelu")
def _prelu(call: Call) -> Any:
    x, slope = call.tensor(), call.tensor(1)
    positive, negative = ops.maximum(x, 0.0), ops.minimum(x, 0.0)
    if not isinstance(slope, np.ndarray) or not isinstance(x, Tensor):
        return ops.add(positive, ops.multiply(negative, slope))
    row = _row(x)
    slope = np.broadcast_to(slope[0] if slope.ndim == len(x.shape) else slope, row)
    layer = layers.PReLU(dtype=call.dtype)
    made = layer(x)
    layer.set_weights([slope])
    return made


@reads("Mod")
def _mod(call: Call) -> Any:
    a, b = call.tensors()
    if call.attribute("fmod", 0):
        return ops.subtract(a, ops.multiply(b, ops.trunc(ops.divide(a, b))))
    return ops.mod(a, b)


# ---- along an axis


def _along(name: str) -> Read:
    function = getattr(activations, name)

    def read(call: Call) -> Any:
        x = call.tensor()
        rank = len(ops.shape(x))
        axis = int(call.attribute("axis", -1 if call.version >= 13 else 1))
        if call.version < 13 and axis % rank != rank - 1:
            raise ValueError("before version 13 it is read along the last axis alone")
        if isinstance(x, Tensor) and axis % rank == rank - 1:
            return layers.Activation(name)(x)
        return function(x, axis=axis)

    return read


OPERATORS["", "Softmax"] = _along("softmax")
OPERATORS["", "LogSoftmax"] = _along("log_softmax")


def _norm1(x: Any, axis: Any, keepdims: bool) -> Any:
    return ops.sum(ops.absolute(x), axis, keepdims)


def _sum_square(x: Any, axis: Any, keepdims: bool) -> Any:
    return ops.sum(ops.square(x), axis, keepdims)


def _reduction(function: Callable[..., Any]) -> Read:
    def read(call: Call) -> Any:
        x, axes = call.tensor(), call.axes()
        if axes is None and call.attribute("noop_with_empty_axes", 0):
            return x
        rank = len(ops.shape(x))
        places = tuple(axis % rank for axis in axes) if axes else None
        if isinstance(x, Tensor) and (places is None or 0 in places):
            raise ValueError("what combines rows of the batch is no network of rows")
        return function(x, places, bool(call.attribute("keepdims", 1)))

    return read


for _name, _function in {
    "ReduceSum": ops.sum,
    "ReduceMean": ops.mean,
    "ReduceMax": ops.max,
    "ReduceMin": ops.min,
    "ReduceProd": ops.prod,
    "ReduceL1": _norm1,
    "ReduceSumSquare": _sum_square,
    "ReduceL2": lambda x, axis, keepdims: ops.sqrt(_sum_square(x, axis, keepdims)),
    "ReduceLogSumExp": ops.logsumexp,
    "ReduceLogSum": lambda x, axis, keepdims: ops.log(ops.sum(x, axis, keepdims)),
}.items():
    OPERATORS["", _name] = _reduction(_function)


@reads("ArgMax", "ArgMin")
def _argmax(call: Call) -> Any:
    raise ValueError("what returns places is no output of a network")


@reads("CumSum")
def _cumsum(call: Call) -> Any:
    axis = int(np.ravel(call.constant(1, "axis"))[0])
    if call.attribute("exclusive", 0) or call.attribute("reverse", 0):
        raise ValueError("it is read neither exclusive nor in reverse")
    return ops.cumsum(call.tensor(), axis)


# ---- moving entries


def _sizes(values: Any) -> Sizes:
    return np.asarray(values, np.int64).view(Sizes)


@reads("Constant")
def _constant(call: Call) -> Any:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        value = call.attribute(name)
        if value is not None:
            return np.asarray(value)
    raise ValueError("a constant must be numbers")


@reads("Shape")
def _shape(call: Call) -> Any:
    if isinstance(call[0], Sizes):
        return np.array([len(call[0])])
    shape = ops.shape(call.tensor())
    stop = call.attribute("end", len(shape))
    sizes = [-1 if n is None else n for n in shape][call.attribute("start", 0) : stop]
    return _sizes(sizes) if isinstance(call[0], Tensor) else np.asarray(sizes)


@reads("ConstantOfShape")
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
        elif shape[0] != -1 and -1 in shape and -math.prod(shape) == row * shape[0]:
            raise ValueError(f"it joins rows of the batch. Received: shape={shape}")
    return shape


@reads("Reshape")
def _reshape(call: Call) -> Any:
    x = call[0]
    if isinstance(x, Sizes):
        return x.reshape([int(n) for n in np.ravel(call.constant(1, "shape"))])
    given = call.constant(1, "shape")
    given = call.attribute("shape") if given is None else given
    target = _target(call, call.tensor(), given)
    if isinstance(x, Tensor) and x.shape and x.shape[0] is None:
        if target[:1] != [-1]:
            raise ValueError(f"it must keep the rows of the batch. Received: shape={target}")
        if len(x.shape) > 2 and len(target) == 2:
            return layers.Flatten()(x) if target[1] == math.prod(_row(x)) else _reshaped(x, target)
        return x if target[1:] == list(x.shape[1:]) else _reshaped(x, target)
    return np.reshape(x, target) if isinstance(x, np.ndarray) else ops.reshape(x, target)


def _reshaped(x: Tensor, target: Sequence[int]) -> Any:
    if len(target) > 1:
        return layers.Reshape(tuple(target[1:]))(x)
    return ops.reshape(x, (-1,))


def _row(x: Tensor) -> tuple[int, ...]:
    return tuple(n for n in x.shape[1:] if n is not None)


@reads("Flatten")
def _flatten(call: Call) -> Any:
    x, axis = call.tensor(), int(call.attribute("axis", 1))
    if not isinstance(x, Tensor):
        return np.reshape(x, (math.prod(x.shape[:axis]), -1))
    if axis % len(x.shape) != 1:
        raise ValueError(f"it must keep the rows of the batch. Received: axis={axis}")
    return x if len(x.shape) == 2 else layers.Flatten()(x)


@reads("Squeeze")
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


@reads("Unsqueeze")
def _unsqueeze(call: Call) -> Any:
    x, axes = call[0], call.axes() or []
    if isinstance(x, (Sizes, np.ndarray)):
        return np.expand_dims(x, tuple(axes))
    x = call.tensor()
    rank = len(x.shape) + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = ops.expand_dims(x, axis)
    return x


@reads("Transpose")
def _transpose(call: Call) -> Any:
    x, order = call.tensor(), call.attribute("perm")
    order = list(range(len(ops.shape(x))))[::-1] if order is None else [int(a) for a in order]
    return ops.transpose(x, order) if isinstance(x, Tensor) else np.transpose(x, order)


@reads("Concat")
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


@reads("Split")
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


@reads("Slice")
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


@reads("Gather")
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


@reads("Expand")
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


@reads("Pad")
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


# ---- products and normalizations


@reads("MatMul")
def _matmul(call: Call) -> Any:
    x, kernel = call.tensor(), call.tensor(1)
    if isinstance(x, Tensor) and isinstance(kernel, np.ndarray) and kernel.ndim == 2:
        bias = None
        if call.bias_reader is not None:
            name, found = call.bias_reader
            if np.size(found) == kernel.shape[1] == np.shape(found)[-1]:
                call.absorbed, bias = name, np.ravel(found)
        return dense(call, x, kernel, bias)
    return _product(call, x, kernel)


def _product(call: Call, a: Any, b: Any) -> Any:
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return ops.matmul(a, b)
    if a.ndim > 2 or b.ndim > 2:
        raise ValueError("constants of more than two axes are not multiplied")
    rows = a.shape[0] if a.ndim == 2 else 1
    call.check_size(rows * (b.shape[-1] if b.ndim == 2 else 1))
    return np.matmul(a, b)


def dense(call: Call, x: Tensor, kernel: np.ndarray, bias: np.ndarray | None) -> Any:
    """Return a dense layer on a tensor."""
    if x.shape[-1] != kernel.shape[0]:
        raise ValueError(f"rows of shape {x.shape[1:]} do not fit a matrix of {kernel.shape}")
    layer = layers.Dense(kernel.shape[1], use_bias=bias is not None, dtype=call.dtype)
    made = layer(x)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return made


@reads("Gemm")
def _gemm(call: Call) -> Any:
    a, b, c = call.tensor(), call.tensor(1), call[2]
    alpha, beta = float(call.attribute("alpha", 1.0)), float(call.attribute("beta", 1.0))
    if call.attribute("transA", 0):
        a = ops.transpose(a)
    if call.attribute("transB", 0):
        b = ops.transpose(b)
    if isinstance(a, Tensor) and isinstance(b, np.ndarray):
        kernel = b if alpha == 1.0 else b * np.asarray(alpha, b.dtype)
        if c is None:
            return dense(call, a, kernel, None)
        if isinstance(c, np.ndarray):
            c = c if beta == 1.0 else c * np.asarray(beta, c.dtype)
            if c.size in (1, kernel.shape[1]):
                return dense(call, a, kernel, np.broadcast_to(np.ravel(c), kernel.shape[1:]))
        return ops.add(dense(call, a, kernel, None), c if beta == 1.0 else ops.multiply(c, beta))
    product = _product(call, a, b)
    product = product if alpha == 1.0 else ops.multiply(product, alpha)
    if c is None:
        return product
    return ops.add(product, c if beta == 1.0 else ops.multiply(c, beta))


@reads("Einsum")
def _einsum(call: Call) -> Any:
    values = call.tensors() if any(isinstance(x, Tensor) for x in call.inputs) else None
    if values is None:
        raise ValueError("of constants it is not read")
    return ops.einsum(call.attribute("equation"), *values)


@reads("BatchNormalization")
def _batch_normalization(call: Call) -> Any:
    if call.attribute("training_mode", 0) or call.n_outputs > 1 and call.version >= 14:
        raise ValueError("it must be in inference mode")
    x = call.tensor()
    gamma, beta, mean, variance = (call.constant(i, "numbers") for i in range(1, 5))
    axis = 1 if len(ops.shape(x)) > 2 else -1
    epsilon = float(call.attribute("epsilon", 1e-5))
    layer = layers.BatchNormalization(axis=axis, epsilon=epsilon, dtype=call.dtype)
    made = layer(x)
    layer.set_weights([gamma, beta, mean, variance])
    return made


@reads("LayerNormalization")
def _layer_normalization(call: Call) -> Any:
    return _normalized(call, call.tensor(), call[1], call[2])


def _normalized(call: Call, x: Any, gamma: Any, beta: Any) -> Any:
    rank = len(ops.shape(x))
    first = int(call.attribute("axis", -1)) % rank
    if first == 0:
        raise ValueError("it normalizes over rows of the batch")
    axes = list(range(first, rank))
    sizes = tuple(ops.shape(x)[axis] for axis in axes)
    epsilon = float(call.attribute("epsilon", 1e-5))
    given = [value for value in (gamma, beta) if value is not None]
    if isinstance(x, Tensor) and all(np.shape(value) == sizes for value in given):
        layer = layers.LayerNormalization(
            axis=axes, epsilon=epsilon, scale=gamma is not None, center=beta is not None,
            dtype=call.dtype,
        )  # fmt: skip
        made = layer(x)
        layer.set_weights(given)
        return made
    return ops.layer_normalization(x, gamma, beta, axes, epsilon)


@reads("RMSNormalization")
def _rms_normalization(call: Call) -> Any:
    x = call.tensor()
    rank = len(ops.shape(x))
    axes = list(range(int(call.attribute("axis", -1)) % rank, rank))
    if 0 in axes:
        raise ValueError("it normalizes over rows of the batch")
    return ops.rms_normalization(x, call[1], axes, float(call.attribute("epsilon", 1e-5)))


@reads("LpNormalization")
def _lp_normalization(call: Call) -> Any:
    axis, order = int(call.attribute("axis", -1)), int(call.attribute("p", 2))
    return ops.normalize(call.tensor(), axis, order, 0.0)


# ---- scikit-learn's, of ai.onnx.ml


def _ml(name: str) -> Callable[[Read], Read]:
    return reads(name, domain="ai.onnx.ml")


@_ml("ZipMap")
def _zip_map(call: Call) -> Any:
    return call[0]


@_ml("Scaler")
def _scaler(call: Call) -> Any:
    x = ops.cast(call.tensor(), call.dtype)
    x = ops.subtract(x, np.asarray(call.attribute("offset", [0.0]), call.dtype))
    return ops.multiply(x, np.asarray(call.attribute("scale", [1.0]), call.dtype))


@_ml("Normalizer")
def _normalizer(call: Call) -> Any:
    x, kind = call.tensor(), call.attribute("norm", "MAX")
    size = {
        "MAX": lambda: ops.max(x, 1, True),
        "L1": lambda: ops.sum(ops.absolute(x), 1, True),
        "L2": lambda: ops.sqrt(ops.sum(ops.square(x), 1, True)),
    }[kind]()
    return ops.divide(x, ops.where(ops.equal(size, 0.0), 1.0, size))


@_ml("LinearRegressor")
def _linear_regressor(call: Call) -> Any:
    return _linear(call, int(call.attribute("targets", 1)))


@_ml("LinearClassifier")
def _linear_classifier(call: Call) -> Any:
    labels = call.attribute("classlabels_ints") or call.attribute("classlabels_strings") or []
    scores = _linear(call, max(1, len(call.attribute("intercepts", labels))))
    return [None, scores]


def _linear(call: Call, outputs: int) -> Any:
    x = call.tensor()
    kernel = np.asarray(call.attribute("coefficients"), call.dtype).reshape(outputs, -1).T
    bias = np.asarray(call.attribute("intercepts", [0.0] * outputs), call.dtype)
    if not isinstance(x, Tensor):
        raise ValueError("it must depend on the inputs")
    scores = dense(call, ops.cast(x, call.dtype) if "int" in x.dtype else x, kernel, bias)
    after = call.attribute("post_transform", "NONE")
    if after == "NONE":
        return scores
    if after not in ("LOGISTIC", "SOFTMAX"):
        raise ValueError(f"the transformation {after!r} of its scores cannot be read")
    return layers.Activation("sigmoid" if after == "LOGISTIC" else "softmax")(scores)
