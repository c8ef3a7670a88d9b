"""Arguments: names, order and defaults; and the configs that objects write."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.exceptions import ABSENT_ARGUMENTS, OTHER_SIGNATURES

MODULES = (
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "optimizers.schedules",
    "random",
    "regularizers",
    "utils",
)
_MISSING = inspect.Parameter.empty


def module_of(library: Any, name: str) -> Any:
    for part in name.split("."):
        library = getattr(library, part)
    return library


NAMES = [
    f"{module}.{name}"
    for module in MODULES
    for name in sorted(dir(module_of(pynn, module)))
    if not name.startswith("_")
    and callable(getattr(module_of(pynn, module), name))
    and callable(getattr(module_of(keras, module), name, None))
    and "pynn" in str(getattr(getattr(module_of(pynn, module), name), "__module__", ""))
]


def arguments_of(target: Any) -> dict[str, Any]:
    """Return the arguments of a function or constructor with their defaults, in order.

    Keywords that a constructor passes on to its parent are those of the parent.
    """
    if not isinstance(target, type):
        parameters = inspect.signature(target).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD}
    found: dict[str, Any] = {}
    for cls in target.__mro__:
        init = vars(cls).get("__init__")
        if init is None or cls is object:
            continue
        passed_on = None
        for p in list(inspect.signature(init).parameters.values())[1:]:
            if p.kind is p.VAR_KEYWORD:
                passed_on = p.name
            elif p.kind is not p.VAR_POSITIONAL:
                found.setdefault(p.name, p.default)
        if passed_on is None:
            break
        options = typing.get_args(typing.get_type_hints(init).get(passed_on))
        for name in typing.get_type_hints(options[0]) if options else ():
            found.setdefault(name, _MISSING)
    return found


def same_default(ours: Any, theirs: Any) -> bool:
    if ours is _MISSING or theirs is _MISSING:
        return True  # needed, or a keyword that is read from a typed dict
    if type(ours).__name__ == type(theirs).__name__ == "DType" or callable(ours):
        return True
    return bool(repr(ours) == repr(theirs) or ours == theirs)


def test_the_lists_hold_nothing_that_is_not_so() -> None:
    unused = set(OTHER_SIGNATURES)
    absent = set(ABSENT_ARGUMENTS)
    for name in NAMES:
        ours, theirs = arguments_of(found(pynn, name)), arguments_of(found(keras, name))
        for argument, default in theirs.items():
            if argument not in ours:
                absent.discard(argument)
                unused.discard(f"{name}.{argument}")
            elif not same_default(ours[argument], default) or needed(ours, argument) != needed(
                theirs, argument
            ):
                unused.discard(f"{name}.{argument}")
        positional = [p for p in positional_arguments(found(pynn, name)) if p in theirs]
        if positional != [p for p in positional_arguments(found(keras, name)) if p in positional]:
            unused -= {f"{name}.{argument}" for argument in positional}
    for name in CONFIGS:
        unused -= {f"{name}.{key}" for key in keras_config(name)}
    assert not unused
    assert not absent


def needed(arguments: dict[str, Any], name: str) -> bool:
    return arguments[name] is _MISSING


def found(library: Any, name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(module_of(library, module), last)


@pytest.mark.parametrize("name", NAMES)
def test_arguments(name: str) -> None:
    ours, theirs = arguments_of(found(pynn, name)), arguments_of(found(keras, name))
    for argument, default in theirs.items():
        if f"{name}.{argument}" in OTHER_SIGNATURES:
            continue
        if argument not in ours:
            assert argument in ABSENT_ARGUMENTS, argument
            continue
        assert same_default(ours[argument], default), (argument, ours[argument], default)
    known = [p for p in theirs if f"{name}.{p}" not in OTHER_SIGNATURES]
    positional = [p for p in positional_arguments(found(pynn, name)) if p in known]
    expected = [p for p in positional_arguments(found(keras, name)) if p in positional]
    assert positional == expected


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown(name: str) -> None:
    """What `inspect.signature`, ``help`` and editors show has all that Keras's has."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    shown = inspect.signature(found(pynn, name)).parameters
    for parameter in inspect.signature(found(keras, name)).parameters.values():
        known = f"{name}.{parameter.name}" in OTHER_SIGNATURES or parameter.name in ABSENT_ARGUMENTS
        if parameter.kind in kinds or known:
            continue
        assert parameter.name in shown
        assert same_default(shown[parameter.name].default, parameter.default), parameter


def positional_arguments(target: Any) -> list[str]:
    """Return the arguments that may be given by position, in order."""
    function = target.__init__ if isinstance(target, type) else target
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(function).parameters.values())
    return [p.name for p in parameters if p.kind in kinds and p.name != "self"]


# What is made without arguments, or with these.
_NEEDED: dict[str, dict[str, Any]] = {
    "layers.Activation": {"activation": "relu"},
    "layers.AlphaDropout": {"rate": 0.5},
    "layers.CategoryEncoding": {"num_tokens": 4},
    "layers.Dense": {"units": 3},
    "layers.Discretization": {"num_bins": 3},
    "layers.Dot": {"axes": 1},
    "layers.Dropout": {"rate": 0.5},
    "layers.Embedding": {"input_dim": 4, "output_dim": 2},
    "layers.GaussianDropout": {"rate": 0.5},
    "layers.GaussianNoise": {"stddev": 0.5},
    "layers.InputLayer": {"shape": (3,)},
    "layers.Rescaling": {"scale": 2.0},
    "layers.EinsumDense": {"equation": "...i,io->...o", "output_shape": 3},
    "layers.Permute": {"dims": (2, 1)},
    "layers.RepeatVector": {"n": 3},
    "layers.Reshape": {"target_shape": (2, 2)},
    **{f"metrics.{name}": given for name, given in pynn.metrics.registry.examples.items()},
    "optimizers.schedules.CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "optimizers.schedules.CosineDecayRestarts": {
        "initial_learning_rate": 0.1,
        "first_decay_steps": 5,
    },
    "optimizers.schedules.ExponentialDecay": {
        "initial_learning_rate": 0.1,
        "decay_steps": 5,
        "decay_rate": 0.5,
    },
    "optimizers.schedules.InverseTimeDecay": {
        "initial_learning_rate": 0.1,
        "decay_steps": 5,
        "decay_rate": 0.5,
    },
    "optimizers.schedules.PiecewiseConstantDecay": {"boundaries": [2], "values": [0.2, 0.1]},
    "optimizers.schedules.PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
}
_NO_CONFIG = {
    "Initializer",
    "IntegerLookup",  # see test_lookups, as StringLookup
    "Lambda",
    "LearningRateSchedule",
    "Loss",
    "MeanMetricWrapper",
    "Metric",
    "Optimizer",
    "Regularizer",
    "StringLookup",
}
CONFIGS = [
    name
    for name in NAMES
    if name.split(".")[0] in ("layers", "losses", "metrics", "optimizers", "initializers")
    or name.split(".")[0] in ("regularizers", "constraints")
    if isinstance(found(pynn, name), type)
    and hasattr(found(pynn, name), "get_config")
    and name.rpartition(".")[2] not in _NO_CONFIG
]


def plain(value: Any) -> Any:
    """Return a config with each object as its class's or function's name and its own config."""
    if isinstance(value, dict):
        if "class_name" in value:
            return {"class_name": value["class_name"], "config": plain(value.get("config"))}
        return {key: plain(v) for key, v in value.items() if key not in ABSENT_ARGUMENTS}
    if isinstance(value, (list, tuple)):
        return plain(value[0]) if len(value) == 1 else [plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)) or hasattr(value, "shape"):
        return round(float(np.asarray(value)), 7)
    return round(value, 7) if isinstance(value, float) else value


# Keys that Keras adds to what it writes, or whose value is a name of Keras's own.
_WRITTEN_OTHERWISE = {"dtype", "name", "fn", "seed", "quantization_config"}


def keras_config(name: str) -> dict[str, Any]:
    config: dict[str, Any] = found(keras, name)(**_NEEDED.get(name, {})).get_config()
    return config


@pytest.mark.parametrize("name", CONFIGS)
def test_config(name: str) -> None:
    options = _NEEDED.get(name, {})
    ours = found(pynn, name)(**options).get_config()
    theirs = keras_config(name)
    for key, value in theirs.items():
        if key in _WRITTEN_OTHERWISE or key in ABSENT_ARGUMENTS:
            continue
        if f"{name}.{key}" in OTHER_SIGNATURES:
            continue
        if key not in ours and value in (None, True):
            assert key in ("activity_regularizer", "trainable")  # the default is not written
            continue
        assert key in ours, key
        assert plain(ours[key]) == plain(value), key
    again = found(pynn, name).from_config(ours)
    assert again.get_config() == ours
