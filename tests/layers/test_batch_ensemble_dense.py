"""`BatchEnsembleDense` and `FeatureScale`: what they make of inputs, and of which shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import initializers, layers, models, optimizers


def test_members_are_dense_layers_with_one_kernel() -> None:
    layer = layers.BatchEnsembleDense(
        4,
        "tanh",
        input_scale_initializer=initializers.RandomNormal(1.0, 0.5),
        output_scale_initializer=initializers.RandomNormal(1.0, 0.5),
        bias_initializer="random_normal",
    )
    x = np.random.default_rng(0).normal(size=(6, 3, 5)).astype(np.float32)
    made = layer(x)
    np.testing.assert_array_equal(layer.bias.numpy(), layer.bias.numpy()[[0, 0, 0]])
    for i in range(3):
        kernel = layer.kernel.numpy() * layer.input_scale.numpy()[i][:, None]
        dense = layers.Dense(4, "tanh")
        dense.build((None, 5))
        dense.set_weights([kernel * layer.output_scale.numpy()[i], layer.bias.numpy()[i]])
        np.testing.assert_allclose(made[:, i], dense(x[:, i]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("differ", [False, True])
def test_members_that_begin_differently_learn_differently(differ: bool) -> None:
    pynn.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(256, 2)).astype(np.float32)
    y = np.sin(2 * x[:, :1])
    inputs = layers.Input((2,))
    z = layers.RepeatVector(4)(inputs)
    for _ in range(2):
        factors = initializers.RandomNormal(1.0, 0.5) if differ else "ones"
        z = layers.BatchEnsembleDense(16, "relu", input_scale_initializer=factors)(z)
    z = layers.Dense(1)(z)
    model = models.Model(inputs, pynn.ops.mean(z, axis=1))
    model.compile(optimizers.Adam(0.01), "mse")
    losses = model.fit(x, y, batch_size=32, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.2 * losses[0]
    by_members = models.Model(inputs, z).predict(x, verbose=0)
    assert (np.ptp(by_members, axis=1).max() > 0.01) == differ


@pytest.mark.parametrize(
    "initializer", [None, lambda shape: np.ones(shape), lambda shape, *, dtype=None: np.ones(shape)]
)
def test_biases_begin_as_in_dense_layers(initializer: Any) -> None:
    made = []
    for layer, shape in [(layers.BatchEnsembleDense, (None, 2, 4)), (layers.Dense, (None, 4))]:
        made.append(layer(3, bias_initializer=initializer))
        made[-1].build(shape)
    for bias in made[0].bias.numpy():
        np.testing.assert_array_equal(bias, made[1].bias.numpy())


@pytest.mark.parametrize("layer", [layers.BatchEnsembleDense(3), layers.FeatureScale(axes=2)])
def test_inputs_of_other_sizes_are_refused(layer: layers.Layer) -> None:
    layer.build((None, 3, 5))
    for shape in [(2, 1, 5), (2, 3, 1), (2, 1, 1), (2, 3, 4)]:
        with pytest.raises(ValueError, match="an input of layer"):
            layer(np.ones(shape, np.float32))


@pytest.mark.parametrize("shape", [(None, 4), (None, None, 4), (None, 2, None), (None, 2, 3, 4)])
def test_members_have_an_axis_of_known_size(shape: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match=r"needs inputs of shape \(batch, members, features\)"):
        layers.BatchEnsembleDense(2).build(shape)


@pytest.mark.parametrize("units", [0, -1, 2.5, None])
def test_units_are_a_positive_integer(units: Any) -> None:
    with pytest.raises(ValueError, match="units must be a positive integer"):
        layers.BatchEnsembleDense(units)


def test_scales_differ_along_the_last_axes() -> None:
    x = np.ones((2, 3, 4), np.float32)
    for axes, shape in [(1, (4,)), (2, (3, 4))]:
        layer = layers.FeatureScale("random_normal", axes=axes)
        np.testing.assert_array_equal(layer(x)[1], np.broadcast_to(layer.scale.numpy(), (3, 4)))
        assert layer.scale.shape == shape
        assert layers.FeatureScale.from_config(layer.get_config()).axes == axes
    for axes, given in [(3, (None, 3, 4)), (2, (None, None, 4)), (1, (None, None))]:
        with pytest.raises(ValueError, match=f"needs inputs whose last axes, {axes} besides"):
            layers.FeatureScale(axes=axes).build(given)
