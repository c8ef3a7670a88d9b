"""Ops between layers, as Keras's operations and as pynn's, in both directions.

Keras writes each call of a function of ``keras.ops`` as an entry of its own, with the class behind
the function. In pynn that is a layer which calls the function of the same meaning in `pynn.ops`, or
stands for the op that was recorded. A file can name no other than those of the table.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from pynn._activation_op import ACTIVATIONS
from pynn._registry import to_snake_case
from pynn._structure import leaves, map_leaves
from pynn.layers import Function, Operation
from pynn.ops import Tensor, find_function, find_op

_PREFIX = "keras.src.ops."
# Two activations are classes of a module of their own, and layers here.
_ACTIVATIONS = "keras.src.activations.activations"
_LAYERS = "keras.layers"

# Keras's module -> classes in it, beside those of activations. Their functions are called as the
# classes are, in snake case.
_CLASSES = {
    "core": "Cast ConvertToTensor Scatter Slice SliceUpdate StopGradient Unstack",
    "linalg": "Norm",
    "math": "Erf Erfc Erfinv Logsumexp Rsqrt TopK",
    "nn": """
        BatchNorm Celu Glu HardShrink HardSilu HardTanh LogSigmoid Normalize OneHot SoftShrink
        SparsePlus SparseSigmoid Sparsemax Squareplus TanhShrink
    """,
    "numpy": """
        Abs Absolute Add All Amax Amin Any Append Arccos Arccosh Arcsin Arcsinh Arctan
        Arctan2 Arctanh Argmax Argmin Argsort Array ArraySplit Average BroadcastTo Cbrt Ceil
        Clip Concatenate Corrcoef Cos Cosh CountNonzero Cumsum Deg2rad Diagonal Diff
        Digitize Divide DivideNoNan Dot Equal Exp Exp2 ExpandDims Expm1 Flip Fliplr Floor
        FloorDivide Fmax Fmin FullLike GetItem Greater GreaterEqual Heaviside Hsplit Hstack
        Hypot Inner IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Less LessEqual Log
        Log10 Log1p Log2 Logaddexp LogicalAnd LogicalNot LogicalOr LogicalXor Matmul Max
        Maximum Mean Median Min Minimum Mod Moveaxis Multiply NanToNum Nanmax Nanmean Nanmin
        Nanprod Nanstd Nansum Nanvar Negative NotEqual OnesLike Outer Pad Percentile Power
        Prod Quantile Rad2deg Ravel Reciprocal Repeat Reshape Roll Round Sign Sin Sinc Sinh
        Sort Split Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes Take TakeAlongAxis
        Tan Tanh Tensordot Tile Trace Transpose Trapezoid Tril Triu TrueDivide Trunc Var
        Vdot Vstack Where ZerosLike
    """,
}
_OTHER_NAMES = {"BatchNorm": "batch_normalization", "IsIn": "isin", "TrueDivide": "divide"}
# Class -> module.
_MODULE_OF = {
    **{name: f"{_PREFIX}{module}" for module, names in _CLASSES.items() for name in names.split()},
    **{
        known.keras.class_name: known.keras.module
        for known in ACTIVATIONS.values()
        if known.keras is not None and known.keras.module.startswith(_PREFIX)
    },
}
# Function -> class; of two with one function, the one that is written.
_CLASS_OF = {_OTHER_NAMES.get(name, to_snake_case(name)): name for name in _MODULE_OF}
_CLASS_OF["divide"] = "Divide"
# Recorded op -> Keras's layer that does the same.
_LAYER_OF = {
    "identity": "Identity",
    "merge_add": "Add",
    "merge_average": "Average",
    "merge_maximum": "Maximum",
    "merge_minimum": "Minimum",
    "merge_multiply": "Multiply",
}
# Keras calls this function with tensors that pynn's takes by other names or in another order.
_BATCH_NORM = ("x", "mean", "variance", "offset", "scale")


class _Lacking(Exception):
    """Keras has no such operation."""


class KerasCall(NamedTuple):
    """One of Keras's operations: its class, its config but for the name, and its call."""

    module: str
    class_name: str
    config: dict[str, Any]
    args: list[Any]
    kwargs: dict[str, Any]


# ---- from Keras


def is_op(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a file describes an operation and no layer."""
    module = entry.get("module")
    if module is None:  # .h5 files name none, and only layers can be trainable
        return entry["class_name"] in _MODULE_OF and "trainable" not in entry["config"]
    return str(module).startswith((_PREFIX, _ACTIVATIONS))


def op_from_keras(entry: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return pynn's config of an operation, with ``"class_name"`` and ``"config"``.

    Parameters
    ----------
    entry : mapping
        As Keras wrote it.
    arguments : mapping
        Its config, with what Keras wraps taken out.

    Raises
    ------
    ValueError
        If pynn has no such function, or it lacks an argument that is given.
    """
    class_name, module = str(entry["class_name"]), entry.get("module")
    given = {key: value for key, value in arguments.items() if key != "name"}
    name = arguments.get("name")
    if module == _ACTIVATIONS and class_name == "ReLU":
        return {"class_name": "ReLU", "config": {**given, "name": name}}
    if module == _ACTIVATIONS and class_name == "Mish":
        return {"class_name": "Activation", "config": {"activation": "mish", "name": name}}
    if class_name not in _MODULE_OF or module not in (None, _MODULE_OF[class_name]):
        raise ValueError(
            f"unknown operation: {class_name!r} of {module}, which {name!r} is. pynn.ops has no "
            "function for it"
        )
    function = _OTHER_NAMES.get(class_name, to_snake_case(class_name))
    parameters = inspect.signature(find_function(function)).parameters
    for key in [key for key in given if key not in parameters]:
        if given.pop(key):
            raise ValueError(
                f"operation {name!r} of class {class_name} has the argument "
                f"{key}={arguments[key]!r:.80}, which pynn.ops.{function} does not have"
            )
    config = {"name": name, "function": function, "arguments": given}
    return {"class_name": "Function", "config": config}


def call_from_keras(entry: Mapping[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    """Return how a function of `pynn.ops` is called where Keras calls an operation like this."""
    args, kwargs = call["args"], dict(call["kwargs"])
    if entry["class_name"] == "BatchNorm":
        return {"args": [], "kwargs": {**dict(zip(_BATCH_NORM, args, strict=False)), **kwargs}}
    if entry["class_name"] == "GetItem" and isinstance(args[-1], list):
        args = [*args[:-1], {"__tuple__": args[-1]}]
    return {"args": args, "kwargs": kwargs}


# ---- to Keras


def op_to_keras(
    layer: Operation | Function, args: tuple[Any, ...], kwargs: Any
) -> KerasCall | None:
    """Return a layer that stands for an op, and its call, as Keras has them; None if it lacks them.

    Parameters
    ----------
    layer : Operation or Function
    args, kwargs : tuple, dict
        What it is called on: tensors and constants.
    """
    name = layer.op_name
    with suppress(_Lacking):
        if isinstance(layer, Function):
            if name == "batch_normalization":
                given = {**dict(zip(_BATCH_NORM, args, strict=False)), **kwargs}
                args, kwargs = tuple(given.get(key) for key in _BATCH_NORM), {}
            return _call(name, [*args], layer._arguments, kwargs)
        first = args[0]
        supply = iter(first if isinstance(first, (list, tuple)) else [first])
        values = [next(supply) if value is None else value for value in layer._template]
        params = layer._params
        if name in ACTIVATIONS:
            keras = ACTIVATIONS[name].keras
            if keras is None:
                raise _Lacking
            alpha = {keras.alpha: params["alpha"]} if keras.alpha else {}
            return KerasCall(keras.module, keras.class_name, {**keras.fixed, **alpha}, values, {})
        if name in _LAYER_OF:
            values = [values] if len(values) > 1 else values
            return KerasCall(_LAYERS, _LAYER_OF[name], {}, values, {})
        return _call(*_FORMS.get(name, _same(name))(values, **params))
    return None


def _call(
    function: str, values: list[Any], arguments: dict[str, Any], kwargs: Any = None
) -> KerasCall:
    """Return a call of a function of `pynn.ops` as Keras has it."""
    if function not in _CLASS_OF:
        raise _Lacking
    name = _CLASS_OF[function]
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
        np.asarray(value)
        if isinstance(value, list) and not any(isinstance(x, Tensor) for x in leaves(value))
        else value
        for value in values
    ]
    values, kwargs = map_leaves(array, values), map_leaves(array, kwargs or {})
    return KerasCall(_MODULE_OF[name], name, config, values, kwargs)


# What an op that was recorded is as a call of a function: (name, values, arguments).
Form = Callable[..., tuple[str, list[Any], dict[str, Any]]]


def _same(function: str, **fixed: Any) -> Form:
    return lambda values, **params: (function, values, {**fixed, **params})


def _clip(values: list[Any]) -> tuple[str, list[Any], dict[str, Any]]:
    x, low, high = values
    if any(isinstance(end, Tensor) or np.ndim(end) for end in (low, high)):
        raise _Lacking
    low, high = (None if end is None else np.asarray(end).item() for end in (low, high))
    return "clip", [x], {"x_min": low, "x_max": high}


def _index(values: list[Any], key: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """Take an index of numbers, slices and new axes; one list of positions is a `take`."""
    keys = list(key) if isinstance(key, tuple) else [key]
    lists = [i for i, item in enumerate(keys) if isinstance(item, (list, tuple)) or np.ndim(item)]
    if not lists:
        return "get_item", [values[0], tuple(keys)], {}
    positions = np.asarray(keys[lists[0]])
    others = [item for i, item in enumerate(keys) if i != lists[0]]
    if positions.dtype.kind not in "iu" or any(item != slice(None) for item in others):
        raise _Lacking
    return _take([values[0], positions], axis=lists[0])


def _take(
    values: list[Any], axis: int, wraps: bool = True
) -> tuple[str, list[Any], dict[str, Any]]:
    x, indices = values
    if isinstance(indices, Tensor):
        whole = "int" in indices.dtype and wraps
    else:
        indices = np.asarray(indices)
        whole = indices.dtype.kind in "iu" and (wraps or bool((indices >= 0).all()))
    if not whole:
        raise _Lacking
    return "take", [x, indices], {"axis": axis}


def _reshape_rows(
    values: list[Any], target: tuple[int, ...]
) -> tuple[str, list[Any], dict[str, Any]]:
    row = find_op("reshape_rows").shape(values[0].shape, target=target)[1:]
    return "reshape", values, {"newshape": (-1, *row)}


_FORMS: dict[str, Form] = {
    "clip": _clip,
    "concatenate": lambda values, axis: ("concatenate", [values], {"axis": axis}),
    "index": _index,
    "one_hot": _same("one_hot", axis=-1),
    "ones_like": lambda values, fill: (
        "ones_like" if fill else "zeros_like",
        values,
        {"dtype": None},
    ),
    "reshape": lambda values, shape: ("reshape", values, {"newshape": shape}),
    "reshape_rows": _reshape_rows,
    "signum": _same("sign"),
    "take": _take,
    "truncate": _same("trunc"),
}
