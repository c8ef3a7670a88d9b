"""Every activation: values and derivatives, at drawn points and at kinks and extremes."""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import FORMULA, GRADIENT, assert_agree, generator
from conformance.exceptions import OTHER_BEHAVIOUR

_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "relu": [
        {"negative_slope": 0.1},
        {"max_value": 1.0},
        {"threshold": 0.5},
        {"negative_slope": 0.2, "max_value": 1.5, "threshold": 0.3},
    ],
    "leaky_relu": [{"negative_slope": 0.05}],
    "elu": [{"alpha": 0.5}],
    "gelu": [{"approximate": True}, {"approximate": False}],
    "celu": [{"alpha": 0.5}],
    "hard_shrink": [{"threshold": 1.0}],
    "soft_shrink": [{"threshold": 1.0}],
    "squareplus": [{"b": 1}],
    "softmax": [{"axis": 0}, {"axis": 1}],
    "log_softmax": [{"axis": 0}, {"axis": 1}],
}
NAMES = [
    name
    for name in pynn.activations.__all__
    if hasattr(keras.activations, name) and name not in ("get", "serialize", "deserialize")
]
CASES = [
    (name, {**pynn.activations.registry.examples.get(name, {}), **options})
    for name in NAMES
    if f"activations.{name}" not in OTHER_BEHAVIOUR
    for options in [{}, *_OPTIONS.get(name, [])]
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in o.items()) or 'plain'}" for name, o in CASES]
# Where derivatives jump, either side's is right; these are compared elsewhere.
EXTREMES = np.array([[-1e4, -88.0, -20.0, -1e-6], [1e-6, 20.0, 80.0, 1e4]], "float32")


def functions(name: str, options: dict[str, Any]) -> tuple[Any, Any]:
    ours, theirs = getattr(pynn.activations, name), getattr(keras.activations, name)
    return lambda x: ours(x, **options), lambda x: theirs(x, **options)


def test_nothing_is_left_out() -> None:
    own = {*pynn.activations.registry.own, "get", "serialize", "deserialize"}
    assert set(pynn.activations.__all__) - own == set(NAMES) - own


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
@pytest.mark.parametrize("shape", [(6,), (5, 4), (2, 3, 4)], ids=str)
def test_values(name: str, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    if len(shape) <= options.get("axis", 0) or ("softmax" in name and len(shape) == 1):
        shape = (2, *shape)
    ours, theirs = functions(name, options)
    x = generator(name, shape).standard_normal(shape).astype("float32") * 3
    assert_agree(ours(x), jax.jit(theirs)(x), FORMULA)


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 5.0},
        {"threshold": 5.0, "negative_slope": 0.1},
        {"threshold": 1.0, "max_value": 6.0},
        {"threshold": 2.0, "max_value": 6.0, "negative_slope": 0.25},
    ],
    ids=str,
)
def test_relu_at_its_threshold(options: dict[str, Any]) -> None:
    x = np.array([-7.0, 0.0, 1.0, 2.0, 4.9, 5.0, 5.1, 6.0, 20.0], "float32")
    ours, theirs = functions("relu", options)
    assert_agree(ours(x), theirs(x), FORMULA)
    layers = (library.layers.ReLU(**options)(x) for library in (pynn, keras))
    assert_agree(*layers, FORMULA)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_derivative(name: str, options: dict[str, Any]) -> None:
    ours, theirs = functions(name, options)
    rng = generator(name, "derivative")
    x = rng.standard_normal((5, 4)).astype("float32") * 3
    factors = rng.standard_normal(ours(x).shape).astype("float32")
    with pynn.Tape() as tape:
        given = tape.watch(x)
        value = pynn.ops.sum(ours(given) * factors)
    expected = jax.jit(jax.grad(lambda x: (theirs(x) * factors).sum()))(x)
    assert_agree(tape.gradient(value, given), expected, GRADIENT)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_extremes(name: str, options: dict[str, Any]) -> None:
    ours, theirs = functions(name, options)
    with np.errstate(over="ignore"):
        assert_agree(ours(EXTREMES), theirs(EXTREMES), FORMULA)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_alone_finds_it(name: str) -> None:
    x = generator(name).standard_normal((3, 4)).astype("float32")
    if (name, {}) in CASES:
        assert_agree(pynn.activations.get(name)(x), keras.activations.get(name)(x), FORMULA)
    assert pynn.activations.serialize(pynn.activations.get(name)) == keras.activations.serialize(
        keras.activations.get(name)
    )
