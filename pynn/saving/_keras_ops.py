"""Keras's operations between layers, ``x * 2 + y`` and its like, and what they are in pynn.

Keras writes each call of a function of ``keras.ops`` as an entry of its own, with the class behind
the function: `CLASSES` names those that have a function of the same meaning in `pynn.ops`. A file
can name no others.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pynn._registry import to_snake_case
from pynn.ops import find_function

_PREFIX = "keras.src.ops."
# Keras's module -> classes in it. Their functions are called as the classes are, in snake case.
CLASSES: dict[str, tuple[str, ...]] = {
    "core": ("Cast", "ConvertToTensor", "StopGradient"),
    "linalg": ("Norm",),
    "math": ("Logsumexp", "Rsqrt"),
    "nn": (
        "BatchNorm",
        "Elu",
        "Gelu",
        "HardSigmoid",
        "LeakyRelu",
        "LogSoftmax",
        "Normalize",
        "OneHot",
        "Relu",
        "Relu6",
        "Selu",
        "Sigmoid",
        "Silu",
        "Softmax",
        "Softplus",
        "Softsign",
    ),
    "numpy": (
        "Abs",
        "Absolute",
        "Add",
        "All",
        "Any",
        "Argmax",
        "Argmin",
        "Array",
        "Ceil",
        "Clip",
        "Concatenate",
        "Cos",
        "Divide",
        "DivideNoNan",
        "Dot",
        "Equal",
        "Exp",
        "ExpandDims",
        "Expm1",
        "Floor",
        "FloorDivide",
        "GetItem",
        "Greater",
        "GreaterEqual",
        "Isnan",
        "Less",
        "LessEqual",
        "Log",
        "Log1p",
        "LogicalAnd",
        "LogicalNot",
        "LogicalOr",
        "Matmul",
        "Max",
        "Maximum",
        "Mean",
        "Min",
        "Minimum",
        "Mod",
        "Multiply",
        "Negative",
        "NotEqual",
        "OnesLike",
        "Power",
        "Reshape",
        "Round",
        "Sign",
        "Sin",
        "Split",
        "Sqrt",
        "Square",
        "Squeeze",
        "Stack",
        "Std",
        "Subtract",
        "Sum",
        "Take",
        "Tanh",
        "Transpose",
        "TrueDivide",
        "Var",
        "Vdot",
        "Where",
        "ZerosLike",
    ),
}
_OTHER_NAMES = {"BatchNorm": "batch_normalization", "TrueDivide": "divide"}
_MODULE_OF = {name: module for module, names in CLASSES.items() for name in names}
_CLASS_OF = {_OTHER_NAMES.get(name, to_snake_case(name)): name for name in _MODULE_OF}
_CLASS_OF["divide"] = "Divide"
# Two activations are classes of a module of their own, and layers here.
ACTIVATIONS = "keras.src.activations.activations"


def is_op(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a file describes an operation and no layer."""
    module = entry.get("module")
    if module is None:  # .h5 files name none, and only layers can be trainable
        return entry["class_name"] in _MODULE_OF and "trainable" not in entry["config"]
    return str(module).startswith((_PREFIX, ACTIVATIONS))


def class_of(function: str) -> tuple[str, str] | None:
    """Return the module and class behind Keras's function of that name, None if it has none."""
    name = _CLASS_OF.get(function)
    return None if name is None else (f"{_PREFIX}{_MODULE_OF[name]}", name)


def function_config(entry: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
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
    if module == ACTIVATIONS and class_name == "ReLU":
        return {"class_name": "ReLU", "config": {**given, "name": name}}
    if module == ACTIVATIONS and class_name == "Mish":
        return {"class_name": "Activation", "config": {"activation": "mish", "name": name}}
    known = _MODULE_OF.get(class_name)
    if known is None or module not in (None, f"{_PREFIX}{known}"):
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
    return {
        "class_name": "Function",
        "config": {"name": name, "function": function, "arguments": given},
    }


def call_of(entry: Mapping[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    """Return how a function of `pynn.ops` is called where Keras calls an operation like this."""
    args, kwargs = call["args"], dict(call["kwargs"])
    if entry["class_name"] == "BatchNorm":
        names = ("x", "mean", "variance", "offset", "scale")
        return {"args": [], "kwargs": {**dict(zip(names, args, strict=False)), **kwargs}}
    if entry["class_name"] == "GetItem" and isinstance(args[-1], list):
        args = [*args[:-1], {"__tuple__": args[-1]}]
    return {"args": args, "kwargs": kwargs}
