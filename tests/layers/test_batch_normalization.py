"""`BatchNormalization` over another axis than the last: the same as with the axes exchanged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers
from pynn.models import Model, load_model

X = np.random.default_rng(0).normal(2, [[1], [5], [0.2]], (40, 3, 4)).astype("float32")


def normalizing(axis: int, shape: tuple[int, int]) -> Model:
    inputs = pynn.Input(shape)
    model = Model(inputs, layers.BatchNormalization(axis, momentum=0.5)(inputs))
    model.compile(loss="mse", optimizer=pynn.optimizers.SGD(0.1))
    return model


@pytest.mark.parametrize("axis", [1, -2])
def test_an_axis_in_the_middle(axis: int, tmp_path: Any) -> None:
    middle, last = normalizing(axis, (3, 4)), normalizing(-1, (4, 3))
    transposed = X.transpose(0, 2, 1)
    assert middle.layers[1].gamma.shape == (3,)
    for model, data in ((middle, X), (last, transposed)):
        model.fit(data, data + 1, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(middle.get_weights(), last.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    found = middle.predict(X, verbose=0)
    expected = last.predict(transposed, verbose=0).transpose(0, 2, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    middle.save(tmp_path / "m.pynn")
    np.testing.assert_array_equal(load_model(tmp_path / "m.pynn").predict(X, verbose=0), found)


@pytest.mark.parametrize("axis", [0, 3, -4, [1, 2]])
def test_an_axis_that_there_is_not(axis: Any) -> None:
    with pytest.raises(
        ValueError, match=r"must be one of known size .* input_shape=\(None, 3, 4\)"
    ):
        layers.BatchNormalization(axis)(pynn.Input((3, 4)))


def test_the_weights_of_a_frozen_layer_are_trained_in_numpy() -> None:
    model = normalizing(-1, (3, 4))
    normalization = model.layers[1]
    normalization.trainable = False
    normalization.moving_mean.assign([1.0, 2.0, 3.0, 4.0])
    trainer = model._plan(True).trainer(
        [("mean_squared_error", [])], ("sgd", []), parameters=[normalization.beta]
    )
    assert trainer.reason == "a frozen normalization"
    y = np.zeros_like(X)
    _, (found,) = trainer.gradients([X], [y], [None])
    error = model.predict(X, verbose=0) - y  # with the moving statistics
    wanted = 2 * error.mean(axis=0).sum(axis=0) / 12
    np.testing.assert_allclose(np.ravel(found), wanted, rtol=1e-4)
