"""Ops between layers, as Keras's operations: the other direction of `pynn.saving._keras_ops`.

An op that was recorded is described as a call of a function of `pynn.ops`, and that by Keras's
class for it. What Keras does otherwise, or cannot read back, is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pynn._structure import leaves, map_leaves
from pynn.layers import Function, Operation
from pynn.ops import Tensor, Weight, find_op
from pynn.saving._keras_ops import ACTIVATIONS, class_of

_LAYERS = "keras.layers"


class Written(NamedTuple):
    """One of Keras's operations: its class, its config but for the name, and its call."""

    module: str
    class_name: str
    config: dict[str, Any]
    args: list[Any]
    kwargs: dict[str, Any]


def written_op(layer: Operation | Function, args: tuple[Any, ...], kwargs: Any) -> Written:
    """Return a layer that stands for an op, and its call, as Keras has them.

    Parameters
    ----------
    layer : Operation or Function
    args, kwargs : tuple, dict
        What it is called on: tensors and constants.

    Raises
    ------
    ValueError
        If Keras has no such operation.
    """
    if isinstance(layer, Function):
        if layer.function == "batch_normalization":
            names = ("x", "mean", "variance", "offset", "scale")
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            args, kwargs = tuple(given.get(name) for name in names), {}
        return _call(layer.function, [*args], layer._arguments, kwargs)
    first = args[0]
    supply = iter(first if isinstance(first, (list, tuple)) else [first])
    values = [next(supply) if value is None else value for value in layer._template]
    name, params = layer.op_name, layer._params
    write = _OPS.get(name)
    try:
        if write is not None:
            return write(values, **params)
        return _call(name, values, params)
    except ValueError as error:
        raise ValueError(
            f"the op {name!r} between layers is something that Keras lacks{error}"
        ) from None


def written_constant(value: Any) -> Any:
    """Return a constant that a layer is called on, as Keras writes it.

    Raises
    ------
    ValueError
        If Keras has no way to write it.
    """
    if isinstance(value, np.ndarray):
        return {
            "class_name": "__numpy__",
            "config": {"value": value.tolist(), "dtype": value.dtype.name},
        }
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, slice):
        ends = {key: written_constant(getattr(value, key)) for key in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": ends}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, Weight):
        raise ValueError(f"the weight {value.path!r} is used between layers")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a layer is called on {value!r}, which cannot be written down")


# ---- ops, as calls of functions


def _call(
    function: str, values: list[Any], arguments: dict[str, Any], kwargs: Any = None
) -> Written:
    found = class_of(function)
    if found is None:
        raise ValueError("")
    config = {
        key: list(value) if isinstance(value, tuple) else value for key, value in arguments.items()
    }
    tensors = [x for x in leaves([values, kwargs or {}]) if isinstance(x, Tensor)]
    types = [x.dtype for x in tensors if x.dtype.startswith("float")]
    dtype = types[0] if types else "float32"

    def array(value: Any) -> Any:
        """Return a constant with its numbers in the type of the tensors beside it."""
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(dtype) if floats else value

    values = [
        np.asarray(value) if isinstance(value, list) and not _holds_tensor(value) else value
        for value in values
    ]
    return Written(*found, config, map_leaves(array, values), map_leaves(array, kwargs or {}))


def _holds_tensor(value: Any) -> bool:
    return any(isinstance(item, Tensor) for item in leaves(value))


def _clip(values: list[Any], **params: Any) -> Written:
    x, low, high = values
    if any(isinstance(end, Tensor) or np.ndim(end) for end in (low, high)):
        raise ValueError(", as its ends are no plain numbers")
    return _call("clip", [x], {"x_min": _number(low), "x_max": _number(high)})


def _number(value: Any) -> Any:
    return None if value is None else np.asarray(value).item()


def _index(values: list[Any], key: Any) -> Written:
    """Write an index of numbers, slices and new axes; one list of positions is a `take`."""
    keys = list(key) if isinstance(key, tuple) else [key]
    lists = [i for i, item in enumerate(keys) if isinstance(item, (list, tuple)) or np.ndim(item)]
    if not lists:
        return Written(*_class("get_item"), {}, [values[0], keys], {})
    positions = np.asarray(keys[lists[0]])
    others = [item for i, item in enumerate(keys) if i != lists[0]]
    if positions.dtype.kind not in "iu" or any(item != slice(None) for item in others):
        raise ValueError(f" with the index {key!r}")
    return _take([values[0], positions], axis=lists[0])


def _take(values: list[Any], axis: int, wraps: bool = True) -> Written:
    x, indices = values
    if isinstance(indices, Tensor):
        whole = "int" in indices.dtype
    else:
        indices = np.asarray(indices)
        whole = indices.dtype.kind in "iu" and (wraps or bool((indices >= 0).all()))
    if not whole or (isinstance(indices, Tensor) and not wraps):
        raise ValueError(" where positions are no whole numbers that may count from the end")
    return _call("take", [x, indices], {"axis": axis})


def _reshape_rows(values: list[Any], target: tuple[int, ...]) -> Written:
    row = find_op("reshape_rows").shape(values[0].shape, target=target)[1:]
    return _call("reshape", values, {"newshape": (-1, *row)})


def _filled(values: list[Any], fill: float) -> Written:
    return _call("ones_like" if fill else "zeros_like", values, {"dtype": None})


def _layer(name: str) -> Callable[..., Written]:
    """Write an op as a layer of Keras's that does the same."""

    def write(values: list[Any]) -> Written:
        return Written(_LAYERS, name, {}, [values] if len(values) > 1 else values, {})

    return write


def _renamed(function: str, **fixed: Any) -> Callable[..., Written]:
    """Write an op under another name; its params are arguments, and `fixed` ones are added."""

    def write(values: list[Any], **params: Any) -> Written:
        return _call(function, values, {**fixed, **params})

    return write


def _activation(function: str, alpha: str | None = None, **fixed: Any) -> Callable[..., Written]:
    """Write an activation; `alpha` is what Keras calls its parameter."""

    def write(values: list[Any], **params: Any) -> Written:
        given = {} if alpha is None else {alpha: params["alpha"]}
        return _call(function, values, {**fixed, **given})

    return write


def _of_activations(name: str, alpha: str | None = None) -> Callable[..., Written]:
    def write(values: list[Any], **params: Any) -> Written:
        config = {} if alpha is None else {alpha: params["alpha"]}
        return Written(ACTIVATIONS, name, config, values, {})

    return write


def _class(function: str) -> tuple[str, str]:
    found = class_of(function)
    assert found is not None
    return found


def _nowhere(values: list[Any], **params: Any) -> Written:
    raise ValueError("")


_OPS: dict[str, Callable[..., Written]] = {
    "clip": _clip,
    "concatenate": lambda values, axis: _call("concatenate", [values], {"axis": axis}),
    "elu": _activation("elu", "alpha"),
    "exponential": _activation("exp"),
    "gelu": _activation("gelu", approximate=False),
    "gelu_tanh": _activation("gelu", approximate=True),
    "hard_sigmoid": _activation("hard_sigmoid"),
    "identity": _layer("Identity"),
    "index": _index,
    "leaky_relu": _activation("leaky_relu", "negative_slope"),
    "linear": lambda values, alpha: _layer("Identity")(values),
    "log_softmax": _activation("log_softmax", axis=-1),
    "merge_add": _layer("Add"),
    "merge_average": _layer("Average"),
    "merge_maximum": _layer("Maximum"),
    "merge_minimum": _layer("Minimum"),
    "merge_multiply": _layer("Multiply"),
    "mish": _of_activations("Mish"),
    "one_hot": _renamed("one_hot", axis=-1),
    "ones_like": _filled,
    "relu": _activation("relu"),
    "relu6": _activation("relu6"),
    "reshape": lambda values, shape: _call("reshape", values, {"newshape": shape}),
    "reshape_rows": _reshape_rows,
    "selu": _activation("selu"),
    "sigmoid": _activation("sigmoid"),
    "sign": _nowhere,  # the activation, which has a gradient
    "signum": _renamed("sign"),
    "silu": _activation("silu"),
    "softmax": _activation("softmax", axis=-1),
    "softplus": _activation("softplus"),
    "softsign": _activation("softsign"),
    "take": _take,
    "tanh": _activation("tanh"),
    "threshold": _of_activations("ReLU", "threshold"),
}
