"""Activations of arrays and tensors, their arguments and names."""

from __future__ import annotations

import functools
import inspect

import numpy as np
import pytest

from pynn import _core, activations, layers, models, ops
from reference.activations import ACTIVATIONS, DECLARED, log_softmax, softmax
from reference.tolerances import FORMULA_UNITS, assert_close

X = np.array([[-8.0, -3.0, -1.0, -0.25, 0.0, 0.25, 1.0, 2.9, 3.1, 6.5]])
# Those that are no formula of the engine's, by their definitions.
COMPOSED = {
    "celu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "glu": lambda x: x[:, :5] / (1 + np.exp(-x[:, 5:])),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "tanh_shrink": lambda x: x - np.tanh(x),
    "threshold": lambda x: np.where(x > 0.5, x, 0.1),
}
# Those without arguments, each an activation of the engine's.
PLAIN = [
    function.__name__
    for function in activations.registry.members
    if len(inspect.signature(function).parameters) == 1 and function.__name__ not in COMPOSED
]


def relu_of_keras(x, slope=0.0, top=None, threshold=0.0):
    """The definition in Keras's documentation, entry by entry."""
    below = slope * (x - threshold)
    y = np.where(x > threshold, x, below)
    return y if top is None else np.where(x > top, top, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PLAIN)
def test_values(name: str, dtype: str) -> None:
    x = X.astype(dtype)
    got = getattr(activations, name)(x)
    assert got.dtype == dtype
    assert_close(got, ACTIVATIONS[name][0](x.astype("float64"), 0.0), units=FORMULA_UNITS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", COMPOSED)
def test_values_of_expressions(name: str, dtype: str) -> None:
    x = X.astype(dtype)
    got = getattr(activations, name)(x, **activations.registry.examples[name])
    assert got.dtype == dtype
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(got, COMPOSED[name](X), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sparsemax_is_the_nearest_point_of_the_simplex(axis: int) -> None:
    """At it no direction within the simplex leads nearer, as a few thousand others show."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 5)) * 2
    found = activations.sparsemax(x, axis=axis)
    np.testing.assert_allclose(found.sum(axis=axis), 1, rtol=1e-14)
    assert (found >= 0).all()
    assert (found == 0).any()
    n, rows = x.shape[axis], np.moveaxis(x, axis, -1)
    nearest = ((rows - np.moveaxis(found, axis, -1)) ** 2).sum(axis=-1)
    others = rng.dirichlet(np.full(n, 0.3), size=5000)
    assert (((rows[:, None] - others) ** 2).sum(axis=-1) >= nearest[:, None]).all()


def test_halves_must_be_equal() -> None:
    with pytest.raises(ValueError, match=r"size of x along axis -1 must be even.*\(2, 3\)"):
        activations.glu(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("call", "engine", "alpha"),
    [
        (lambda x: activations.leaky_relu(x), "leaky_relu", 0.2),
        (lambda x: activations.leaky_relu(x, negative_slope=0.01), "leaky_relu", 0.01),
        (lambda x: activations.elu(x), "elu", 1.0),
        (lambda x: activations.elu(x, alpha=0.5), "elu", 0.5),
        (lambda x: activations.gelu(x), "gelu", 0.0),
        (lambda x: activations.gelu(x, approximate=True), "gelu_tanh", 0.0),
    ],
)
def test_values_with_arguments(call, engine: str, alpha: float) -> None:
    assert_close(call(X), ACTIVATIONS[engine][0](X, alpha), units=FORMULA_UNITS)


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("top", [None, 3.0, 6.0])
@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_relu_with_arguments(slope: float, top: float | None, threshold: float) -> None:
    x = np.append(X, threshold)
    got = activations.relu(x, slope, top, threshold)
    expected = relu_of_keras(x, slope, top, threshold)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)
    layer = layers.ReLU(top, slope, threshold, dtype="float64")
    np.testing.assert_array_equal(layer(x), got)


def test_negative_slopes_below_zero_are_refused() -> None:
    for call in (activations.relu, activations.leaky_relu):
        with pytest.raises(ValueError, match="negative_slope must not be negative"):
            call(X, negative_slope=-0.1)


@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
def test_softmaxes_along_any_axis(axis: int) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    moved = np.moveaxis(x, axis, -1)
    for function, reference in (
        (activations.softmax, softmax),
        (activations.log_softmax, log_softmax),
    ):
        expected = np.moveaxis(reference(moved), -1, axis)
        np.testing.assert_allclose(function(x, axis=axis), expected, rtol=1e-12)


def test_lists_become_floatx() -> None:
    assert activations.tanh([0, 1]).dtype == np.float32
    assert activations.softmax([[0, 1]], axis=0).dtype == np.float32
    assert activations.relu([1, 2], max_value=1.5, negative_slope=0.1).dtype == np.float32


@pytest.mark.parametrize("name", [f.__name__ for f in activations.registry.members])
def test_a_model_computes_the_same(name: str) -> None:
    function = functools.partial(activations.get(name), **activations.registry.examples[name])
    inputs = layers.Input((X.shape[1],))
    outputs = function(inputs)
    assert outputs.shape == (None, *function(X).shape[1:])
    if name == "linear":
        outputs = ops.multiply(outputs, 1.0)
    got = models.Model(inputs, outputs).predict(X, verbose=0)
    assert_close(got, function(X), units=FORMULA_UNITS)


def test_a_model_computes_relu_with_arguments() -> None:
    inputs = layers.Input((X.shape[1],))
    outputs = activations.relu(inputs, negative_slope=0.1, max_value=3.0, threshold=0.5)
    got = models.Model(inputs, outputs).predict(X, verbose=0)
    assert_close(got, relu_of_keras(X, 0.1, 3.0, 0.5), units=FORMULA_UNITS)


def test_every_activation_of_the_engine_is_declared() -> None:
    assert set(ACTIVATIONS) == set(_core.activation_names())
    assert set(DECLARED) - set(ACTIVATIONS) == {"softmax", "log_softmax"}


def test_names() -> None:
    for name in activations.__all__:
        if name not in ("get", "serialize", "deserialize"):
            function = getattr(activations, name)
            assert activations.get(name) is function
            assert activations.deserialize(activations.serialize(function)) is function
    assert activations.swish is activations.silu
    assert activations.get(None) is activations.linear
    assert activations.get(np.tanh) is np.tanh
    assert activations.deserialize("own", {"own": np.tanh}) is np.tanh
    with pytest.raises(ValueError, match="unknown activation: 'rely'. Did you mean 'relu'"):
        activations.get("rely")


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("x", [-1.5, 2, np.float32(0.25), np.array(3.0)])
def test_a_number_stays_a_number(name: str, x: float) -> None:
    got = np.asarray(getattr(activations, name)(x))
    assert got.shape == ()
    assert got == getattr(activations, name)(np.array([x], got.dtype))[0]


@pytest.mark.parametrize("axis", [(1, 2), [-1, 1], (0, 2)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_along_several_axes(name: str, axis: list[int]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    powers = np.exp(x)
    expected = powers / powers.sum(axis=tuple(axis), keepdims=True)
    expected = expected if name == "softmax" else np.log(expected)
    for function in (getattr(activations, name), getattr(ops, name)):
        np.testing.assert_allclose(function(x, axis=axis), expected, rtol=1e-12)
    if 0 not in axis:
        inputs = layers.Input((4, 5), dtype="float64")
        model = models.Model(inputs, getattr(ops, name)(inputs, axis=axis))
        np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-12)
